"""The CDK app: settings in, two stacks out. `python app.py` writes cdk.out, and `cdk deploy` calls just this."""

import json
import os

from stacks.settings import ROOT, Settings, SettingsError  # before aws_cdk, for it finds the Node that aws_cdk runs on

# isort: split
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from perennial.spec import SpecError, load_all
from stacks.data import DataStack
from stacks.platform_stack import PlatformStack

app = App(
    outdir=os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out")),
    context=json.loads((ROOT / "cdk.json").read_text())["context"],
    analytics_reporting=False,
    stack_traces=False,
    tree_metadata=False,
    builtin_cloud_formation_validation=False,  # cfn-lint says more, in the suite
)
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
try:
    settings = Settings.from_context({key: app.node.try_get_context(key) for key in Settings.names()})
    load_all(settings.models_folder, settings.training_hours)  # AWS would refuse a spec's fault in the middle of a run
except (SettingsError, SpecError) as error:
    raise SystemExit(str(error)) from None
data = DataStack(app, "Data", settings=settings)
PlatformStack(app, "Platform", data=data, settings=settings)
app.synth()
