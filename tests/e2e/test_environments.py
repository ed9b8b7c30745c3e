"""Two environments in one account: each has a whole loop, and neither sees or reaches the other.

`staging` begins the name of `staging-eu`, so a grant to `staging-*` would reach both. The default environment is
deployed beside them for what roles may do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from embedded.cloud import RECORD, Cloud
from embedded.permissions.patterns import matches
from perennial import layout
from perennial.environment import Environment
from tests.e2e.conftest import MODELS, Loop, connect, synthesize, until
from tests.e2e.data import as_csv, orders
from tests.e2e.environments import CALLS, DELETIONS, MADE, ROW, Pair, arns, belongs, patterns

pytestmark = pytest.mark.slow

ONE, OTHER, DEFAULT = Environment("staging"), Environment("staging-eu"), Environment()
REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both environments after their first uploads: the same model and key, other data and another spec."""
    folder = tmp_path_factory.mktemp("environments")
    spec = (MODELS / "orders.yaml").read_text()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(RECORD, raising=False)  # docs/permissions.md tells of the default environment
        yield from _deployed(folder, spec)


def _deployed(folder: Path, spec: str) -> Iterator[Pair]:
    with Cloud.start(speed=40.0) as cloud:
        for one, text in ((ONE, spec), (OTHER, spec.replace("max_iter: 20", "max_iter: 10")), (DEFAULT, spec)):
            checkout = folder / one.name
            (checkout / "models").mkdir(parents=True)
            (checkout / "app.py").touch()
            (checkout / "models" / "orders.yaml").write_text(text)
            cloud.deploy(synthesize(checkout / "cdk.out", name=one.name, models=str(checkout / "models")))
        bare = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        one, other = [connect(bare | cloud.exports(), folder / one.name, one) for one in (ONE, OTHER)]
        for number, loop in enumerate((one, other)):
            loop.put("orders/first.csv", as_csv(orders(2000 * number, 1500, 1 + number)))
        runs = one.ended("orders", "orders/first.csv"), other.ended("orders", "orders/first.csv")
        yield Pair(cloud, one, other, runs)


def test_both_loops_end_with_a_champion_that_answers(pair: Pair) -> None:
    for loop, run in pair:
        assert run["state"] == "promoted", run["reasons"]
        answer = loop.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=loop.of.endpoint("orders"), ContentType="application/json", Body=ROW
        )
        assert answer["CustomAttributes"] == f"model={run['version']}"
    one, other = pair.runs
    assert one["version"] != other["version"]
    assert one["spec_digest"] != other["spec_digest"]


def test_each_ledger_has_its_own_runs_datasets_versions_and_champion(pair: Pair) -> None:
    for loop, run in pair:
        assert [found["id"] for found in loop.records("orders", "run#")] == [run["id"]]
        assert [found["id"] for found in loop.records("orders", "dataset#")] == [run["dataset"]]
        assert [found["id"] for found in loop.records("orders", "version#")] == [run["version"]]
        assert [found["version"] for found in loop.records("orders", "champion")] == [run["version"]]
    assert pair.one.names["ledger_table"] != pair.other.names["ledger_table"]


@pytest.mark.parametrize("kind", MADE)
def test_what_a_loop_makes_bears_the_name_of_its_environment(pair: Pair, kind: str) -> None:
    made = MADE[kind](pair.one)
    of_one, of_other = ({name for name in made if belongs(name, loop.of)} for loop, _ in pair)
    assert of_one | of_other == made
    assert len(of_one) == len(of_other) > 0


def test_each_environment_sends_its_own_notices(pair: Pair) -> None:
    for loop, run in pair:
        subjects = until(loop.notices, 20, "the notice")
        assert subjects == [f"{loop.of.name}: orders: promoted ({run['id']})"]


def test_metrics_of_the_servers_are_counted_apart(pair: Pair) -> None:
    def versions(loop: Loop) -> set[str]:
        wanted = {"Namespace": loop.of.serving_metrics, "MetricName": "Requests"}
        found = loop.client("cloudwatch").list_metrics(**wanted)["Metrics"]
        return {dimension["Value"] for metric in found for dimension in metric["Dimensions"]}

    for loop, run in pair:
        assert until(lambda loop=loop: versions(loop), 20, "the count of requests") == {run["version"]}
    assert pair.one.client("cloudwatch").list_metrics(Namespace=DEFAULT.serving_metrics)["Metrics"] == []


def test_the_command_talks_to_the_environment_that_it_is_told(pair: Pair, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(b"price,weight,shop,gift\n300.5,,north,true\n20,1.5,west,false\n")
    for loop, run in pair:
        assert [found["id"] for found in json.loads(loop.perennial("runs", "--json").stdout)] == [run["id"]]
        (model,) = json.loads(loop.perennial("models", "--json").stdout)
        told = (model["champion"], model["endpoint"], model["status"])
        assert told == (run["version"], loop.of.endpoint("orders"), "InService")
        answered = json.loads(loop.perennial("predict", str(rows), "--model", "orders", "--json").stdout)
        assert (answered["model"], len(answered["predictions"])) == (run["version"], 2)
        batch = json.loads(loop.perennial("batch", "orders", str(rows), "--json").stdout)
        assert batch["job"].startswith(f"{loop.of.prefix}orders-")
        assert (batch["model"], batch["rows"]) == (run["version"], 2)


def test_the_next_command_reaches_the_same_environment(pair: Pair) -> None:
    for loop, run in pair:
        explained = loop.perennial("explain", run["id"]).stdout.decode()
        assert f"next: perennial --env {loop.of.name} lineage {run['version']}" in explained
    strange = pair.one.perennial("explain", pair.runs[1]["id"])
    assert strange.returncode == 2
    assert f"no record of {pair.runs[1]['id']}; next: perennial --env staging runs" in strange.stderr.decode()


def test_the_card_of_a_version_names_the_endpoint_of_its_environment(pair: Pair) -> None:
    for loop, run in pair:
        s3, bucket = loop.client("s3"), loop.names["models_bucket"]
        key = layout.card("orders", run["version"])
        until(
            lambda s3=s3, bucket=bucket, key=key: "Contents" in s3.list_objects_v2(Bucket=bucket, Prefix=key), 20, key
        )
        assert loop.of.endpoint("orders") in s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


@pytest.mark.parametrize("about", CALLS)
def test_a_function_is_refused_at_the_other_environments(pair: Pair, about: str) -> None:
    function, service, operation, parameters = CALLS[about]
    call = getattr(pair.acting(function, service), operation)
    call(**parameters(pair.one))  # its own
    with pytest.raises(ClientError) as refused:
        call(**parameters(pair.other))
    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_no_grant_of_an_environment_matches_a_resource_of_another(pair: Pair) -> None:
    grants = pair.cloud.context.authorizer.resources.grants()
    parameter = pair.one.client("ssm").get_parameter(Name=DEFAULT.parameter)["Parameter"]["Value"]
    names = {DEFAULT: json.loads(parameter), ONE: pair.one.names, OTHER: pair.other.names}
    for environment in names:
        others = [arn for other in names if other != environment for arn in arns(other, names[other], pair.runs[0])]
        own = list(arns(environment, names[environment], pair.runs[0]))
        roles = {role for role in grants if role.startswith(f"{environment.stack('platform')}-")}
        found = {pattern for role in roles for pattern in patterns(grants[role])}
        assert [pattern for pattern in found for arn in others if matches(pattern, arn)] == []
        assert [arn for arn in own if not any(matches(pattern, arn) for pattern in found)] == []


@pytest.mark.parametrize("about", DELETIONS)
def test_a_stop_and_a_retirement_may_delete_nothing_of_the_other_environment(pair: Pair, about: str) -> None:
    function, service, operation, parameters = DELETIONS[about]
    with pytest.raises(ClientError) as refused:
        getattr(pair.acting(function, service), operation)(**parameters(pair.other))
    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_a_stop_knows_the_runs_and_batches_of_its_environment_only(pair: Pair) -> None:
    for strange in (pair.runs[1]["id"], f"{OTHER.prefix}orders-{'0' * 12}", f"{DEFAULT.prefix}orders-{'0' * 12}"):
        assert pair.one.perennial("stop", strange).returncode == 2
    unknown = pair.one.perennial("stop", f"{ONE.prefix}orders-{'0' * 12}")
    assert (unknown.returncode, unknown.stderr.decode()) == (
        2, f"error: there is no batch {ONE.prefix}orders-{'0' * 12}\n",
    )  # fmt: skip
    ended = pair.one.perennial("stop", pair.runs[0]["id"])
    assert (ended.returncode, ended.stdout.decode()) == (0, f"{pair.runs[0]['id']} has ended already: promoted\n")


def test_a_retirement_takes_one_environment_away_and_leaves_the_other(pair: Pair) -> None:
    """It is the last test: afterwards nothing of the first environment serves."""
    kinds = ("endpoints", "configs", "models", "alarms")

    def made(loop: Loop) -> dict[str, set[str]]:
        return {kind: {name for name in MADE[kind](loop) if belongs(name, loop.of)} for kind in kinds}

    before = made(pair.other)
    assert all(made(pair.one).values())
    pair.one.notices()
    done = pair.one.perennial("retire", "--all", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert (told["model"], told["outcome"]) == ("orders", "retired")
    assert not any(made(pair.one).values())
    until(lambda: f"staging: orders: retired ({told['run']})" in pair.one.notices(), 20, "the notice")
    (run,) = [found for found in pair.one.records("orders", "run#") if found["id"] == told["run"]]
    assert run["next_command"].startswith("perennial --env staging retire orders --undo")
    rows = as_csv(orders(9000, 200, 3))
    (pair.one.checkout / "rows.csv").write_bytes(rows)
    refused = pair.one.perennial("upload", "rows.csv", "--model", "orders")
    assert refused.returncode == 3
    assert b"next: perennial --env staging retire orders --undo" in refused.stderr
    pair.one.put("orders/by-a-program.csv", rows)
    upload = pair.one.ended("orders", "orders/by-a-program.csv")
    assert upload["next_command"].startswith("perennial --env staging retire orders --undo")

    assert made(pair.other) == before
    assert pair.other.records("orders", "retired") == []
    answer = pair.other.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=OTHER.endpoint("orders"), ContentType="application/json", Body=ROW
    )
    assert answer["CustomAttributes"] == f"model={pair.runs[1]['version']}"
    undone = pair.one.perennial("retire", "orders", "--undo")
    assert undone.returncode == 0, undone.stderr
    assert b"next: perennial --env staging upload FILE --model orders" in undone.stdout
    assert b"or perennial --env staging rollback orders" in undone.stdout
