"""perennial report: fetches a stored report, renders a missing one, and prints its path."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import boto3
import pytest

from cloud.ledger import Ledger
from perennial.environment import Environment
from tests.cli.conftest import Perennial
from tests.perennial.reports import cases

RUN = "run-loans-9be2410c77aa"


@pytest.fixture
def cloud(checkout: Path, ledger: Ledger) -> Ledger:
    """A platform with buckets and a ledger, and nothing that runs."""
    (checkout / "models" / "loans.yaml").write_text(cases.SPEC)
    for bucket in ("data", "models"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    names = {"data_bucket": "data", "models_bucket": "models", "ledger_table": "ledger"}
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=json.dumps(names), Type="String")
    return ledger


def put(key: str, text: str) -> None:
    boto3.client("s3").put_object(Bucket="models", Key=key, Body=text.encode())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that a browser was asked to open."""
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", asked.append)
    return asked


def test_a_written_report_is_fetched_with_its_neighbours_and_no_browser_opens_beside_a_pipe(
    cloud: Ledger, perennial: Perennial, checkout: Path, opened: list[str]
):
    cloud.open_run(cases.run("refused"))
    for key in (f"{RUN}.html", f"{RUN}.json", "index.html", "cards/0a0a0a0a0a0a.html"):
        put(f"reports/loans/{key}", f"this is {key}")
    done = perennial("report", RUN)
    assert done.exit_code == 0, done.output
    path = checkout / "build" / "reports" / "loans" / f"{RUN}.html"
    assert done.stdout.strip() == str(path)
    assert path.read_text() == f"this is {RUN}.html"
    assert (path.parent / "index.html").read_text() == "this is index.html"
    assert (path.parent / "cards" / "0a0a0a0a0a0a.html").exists()
    assert opened == []
    assert json.dumps(f"this is {RUN}.json")[1:-1] in perennial("report", RUN, "--json").stdout


@pytest.mark.parametrize("outcome", ["running", "failed", "superseded", "quarantined"])
def test_a_run_that_wrote_none_is_drawn_from_its_records(
    cloud: Ledger, perennial: Perennial, checkout: Path, outcome: str
):
    cloud.open_run(cases.run(outcome))
    done = perennial("report", cases.DATASETS[-1], "--out", "here.html")
    assert done.exit_code == 0, done.output
    assert "made from its records" in done.stderr
    assert "<h1>" in (checkout / "here.html").read_text()
    assert json.loads(perennial("report", RUN, "--json").stdout)["decision"]["state"] == outcome


def test_a_run_under_way_is_drawn_anew_although_a_page_lies_there(cloud: Ledger, perennial: Perennial):
    cloud.open_run(cases.run("running"))
    put(f"reports/loans/{RUN}.html", "old")
    put(f"reports/loans/{RUN}.json", "{}")
    assert json.loads(perennial("report", RUN, "--json").stdout)["decision"]["state"] == "running"


def test_a_model_gives_its_index_and_a_version_its_card(cloud: Ledger, perennial: Perennial, checkout: Path):
    cloud.open_run(cases.run("promoted"))
    cloud.put_version(cases.version())
    index = perennial("report", "loans", "--no-open")
    assert index.stdout.strip().endswith("build/reports/loans/index.html")
    assert RUN in Path(index.stdout.strip()).read_text()
    card = perennial("report", "loans@9be2410c77aa", "--no-open")
    assert card.stdout.strip().endswith("build/reports/loans/cards/9be2410c77aa.html")


def test_open_leads_a_browser_to_the_file(cloud: Ledger, perennial: Perennial, checkout: Path, opened: list[str]):
    cloud.open_run(cases.run("failed"))
    perennial("report", RUN, "--out", "here.html", "--open")
    assert opened == [(checkout / "here.html").as_uri()]


def test_what_is_no_id_is_said_to_be_so_and_an_unknown_run_too(cloud: Ledger, perennial: Perennial):
    assert "is no id" in perennial("report", "nonsense!").stderr
    assert "no record" in perennial("report", "run-loans-000000000000").stderr


def test_the_site_is_fetched_once_and_opens_at_all_models(
    cloud: Ledger, perennial: Perennial, checkout: Path, opened: list[str]
):
    for key in ("index.html", "loans/index.html", "loans/datasets/ds-loans-1.html", "index.json"):
        put(f"reports/{key}", f"this is {key}")
    done = perennial("site", "--open")
    assert done.exit_code == 0, done.output
    home = checkout / "build" / "reports" / "index.html"
    assert (home.read_text(), opened) == ("this is index.html", [home.as_uri()])
    assert (home.parent / "loans" / "datasets" / "ds-loans-1.html").exists()
    assert json.loads(perennial("site", "--json").stdout) == {"path": str(home), "fetched": 0}


def test_a_site_without_a_page_names_the_next_command(cloud: Ledger, perennial: Perennial):
    done = perennial("site")
    assert (done.exit_code, "next: perennial upload" in done.stderr) == (1, True)


def test_a_key_that_leads_out_of_the_folder_is_refused(cloud: Ledger, perennial: Perennial, checkout: Path):
    put("reports/index.html", "home")
    put("reports/../../../evil.html", "evil")
    done = perennial("site")
    assert done.exit_code == 1
    assert "would lie outside" in done.stderr
    assert not list(checkout.rglob("evil.html")) + list(checkout.parent.glob("evil.html"))
