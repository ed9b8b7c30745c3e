"""The CDK app: reads the settings and makes two stacks. `perennial synth` writes cdk.out by it, as `cdk deploy` does.

Settings are values of the CDK context, `cdk deploy -c KEY=VALUE`: stacks/settings.py lists them. `-c name=NAME` deploys
the environment NAME beside others, with names of its own for everything.
"""

import json
import os
import re

from stacks.settings import PROJECT, Settings, SettingsError  # before aws_cdk: finds the Node that aws_cdk runs on

# isort: split
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from perennial.monitoring import athena
from perennial.spec import SpecError, load_all
from stacks.data import DataStack
from stacks.models import Model
from stacks.platform_stack import PlatformStack

_TOO_MANY = re.compile(r"Number of resources in stack '([^']+)': (\d+) is greater than allowed maximum of (\d+)")


def main() -> None:
    """Synthesizes the assembly of the team's folder. Exits with a sentence for a fault of its settings or specs."""
    app = App(
        outdir=os.environ.get("CDK_OUTDIR", str(PROJECT / "cdk.out")),
        context=json.loads((PROJECT / "cdk.json").read_text(encoding="utf-8")).get("context", {}),
        analytics_reporting=False,
        stack_traces=False,
        tree_metadata=False,
        builtin_cloud_formation_validation=False,  # cfn-lint reports more, in the tests
    )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    if app.node.try_get_context("nist"):  # `make lint-packs`, which knows the findings that are accepted
        Validations.of(app).add_plugins(NIST80053R5Checks(app))
    try:
        settings = Settings.from_context({key: app.node.try_get_context(key) for key in Settings.names()})
        specs = load_all(settings.models_folder, settings.training_hours)  # AWS would refuse a fault amid a run
    except (SettingsError, SpecError) as error:
        raise SystemExit(str(error)) from None
    data = DataStack(app, "Data", settings=settings)
    models = {name: Model(athena.tables(spec), spec.monitoring.every_hours) for name, spec in specs.items()}
    PlatformStack(app, "Platform", data=data, models=models, settings=settings)
    synthesize(app, len(models))


def synthesize(app: App, models: int) -> None:
    """Writes the assembly. Exits with a sentence where a stack has more resources than CloudFormation takes."""
    try:
        app.synth()
    except RuntimeError as error:
        found = _TOO_MANY.search(str(error))
        if found is None:
            raise
        raise SystemExit(
            f"the stack '{found[1]}' of {models:,} models would have {int(found[2]):,} resources, and CloudFormation "
            f"takes {int(found[3]):,}; 20 models fit. Next: deploy further models as another environment, from a "
            "folder of their own: cdk deploy --all -c models=FOLDER -c name=NAME"
        ) from None


if __name__ == "__main__":
    main()
