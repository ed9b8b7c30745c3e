"""The CDK app: settings in, two stacks out. `python app.py` writes cdk.out, and `cdk deploy` calls just this."""

import json
import os

from stacks.settings import ROOT, Settings  # isort: split  (first, for stacks finds jsii's Node)
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.data_stack import DataStack
from stacks.platform_stack import PlatformStack

app = App(
    outdir=os.environ.get("CDK_OUTDIR", str(ROOT / "cdk.out")),
    context=json.loads((ROOT / "cdk.json").read_text())["context"],
    analytics_reporting=False,
    stack_traces=False,
    tree_metadata=False,
    builtin_cloud_formation_validation=False,  # cfn-lint does it, in the suite, and better
)
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
settings = Settings.from_context({key: app.node.try_get_context(key) for key in Settings.keys()})
data = DataStack(app, "Data", settings=settings)
PlatformStack(app, "Platform", data=data, settings=settings)
app.synth()
