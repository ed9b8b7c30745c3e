"""The settings of a deployment."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.assembly import of_type, templates
from stacks.data import DataStack
from stacks.platform_stack import PlatformStack
from stacks.settings import CODE as ROOT
from stacks.settings import Settings, SettingsError


def test_values_of_the_command_line_are_text_and_become_what_they_mean() -> None:
    settings = Settings.from_context({"retain": "false", "poll_seconds": "3", "name": "trial"})
    assert (settings.retain, settings.poll_seconds, settings.name) == (False, 3, "trial")


def test_what_is_not_given_keeps_its_default() -> None:
    assert Settings.from_context({"notify": None}) == Settings()


SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:notices-a1B2c3"


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"retain": "perhaps"}, "context 'retain' is 'perhaps': bool is expected"),
        ({"poll_seconds": "0"}, "context 'poll_seconds' is 0: a positive whole number is expected"),
        ({"largest_memory_mb": "20000"}, "context 'largest_memory_mb' is 20000: Lambda gives 128 to 10240"),
        ({"training_hours": 48}, "context 'run_hours' is 48: a run takes longer than its training, .* 48 hours"),
        ({"training_hours": 700, "run_hours": 800}, "context 'training_hours' is 700: SageMaker .* 672 hours"),
        ({"poll_seconds": 1.5}, "context 'poll_seconds' is 1.5: int is expected"),
        (
            {"name": "My Team"},
            "context 'name': 'My Team' cannot name an environment: .* lower-case letters, digits and",
        ),
        ({"log_retention": "AGES"}, "context 'log_retention' is 'AGES': one of ONE_DAY, THREE_DAYS"),
        ({"models": "no/such"}, "context 'models' is 'no/such': .* is no folder"),
        (
            {"mlflow_uri": "sqlite:///mlflow.db"},
            "context 'mlflow_uri' is 'sqlite:.*': https://HOST without credentials",
        ),
        ({"openlineage_url": "https://me:word@example.com"}, "context 'openlineage_url' .* without credentials"),
        ({"mlflow_secret": SECRET}, "context 'mlflow_uri' is not set, and a secret for it is"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_expected(context: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_context(context)


@pytest.mark.parametrize("secret", ["webhook", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:webhook"])
def test_a_secret_is_named_by_its_whole_arn(secret: str) -> None:
    with pytest.raises(SettingsError, match="the whole ARN of a secret"):
        Settings(webhook_secret=secret)


def test_models_are_named_by_their_files() -> None:
    names = Settings().model_names
    assert names == sorted(names)
    assert "flights" in names


def test_a_trial_leaves_nothing_behind_and_tells_a_person(tmp_path: Path) -> None:
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(outdir=str(tmp_path), context=flags, builtin_cloud_formation_validation=False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    tracking = {"mlflow_uri": "https://mlflow.example.com", "mlflow_secret": SECRET.replace("notices", "mlflow")}
    settings = Settings(name="trial", retain=False, notify="team@example.com", webhook_secret=SECRET, **tracking)
    PlatformStack(app, "Platform", data=DataStack(app, "Data", settings=settings), models={}, settings=settings)
    app.synth()
    found = templates(tmp_path)
    kept = [id for id, one in found["Data"]["Resources"].items() if one.get("DeletionPolicy") == "Retain"]
    assert kept == []
    subscriptions = {one["Protocol"]: one for one in of_type(found["Platform"], "AWS::SNS::Subscription").values()}
    assert subscriptions["email"]["Endpoint"] == "team@example.com"
    assert "FunctionsWebhook" in str(subscriptions["lambda"]["Endpoint"])
    policies = of_type(found["Platform"], "AWS::IAM::Policy")
    reads = [name for name, policy in policies.items() if "secretsmanager:GetSecretValue" in str(policy)]
    track, webhook = sorted(reads)
    assert (track.startswith("FunctionsTrackRole"), webhook.startswith("FunctionsWebhookRole")) == (True, True)
    assert "dynamodb" not in str(policies[webhook])
    assert not re.search("dynamodb:(Put|Update|Delete)|s3:Put", str(policies[track]))
    assert ("mlflow" in str(policies[track]), "notices" in str(policies[track])) == (True, False)
    assert of_type(found["Platform"], "AWS::SSM::Parameter")["PlatformDD5CC455"]["Name"] == "/trial/platform"
    texts = "".join(path.read_text() for path in tmp_path.glob("*.template.json"))
    assert "trial--flights" in texts
    assert not re.search(r"perennial-|run-\*|Perennial/Serving", texts)  # names of the default environment
