"""The app tells what CloudFormation would refuse of the whole assembly."""

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns

from stacks.app import synthesize


def test_more_models_than_a_stack_takes_are_told_with_the_next_command(tmp_path) -> None:
    app = App(outdir=str(tmp_path), context={"@aws-cdk/core:stackResourceLimit": 1})
    stack = Stack(app, "Platform")
    for name in ("One", "Two"):
        sns.CfnTopic(stack, name)
    with pytest.raises(SystemExit) as told:
        synthesize(app, 30)
    sentence = str(told.value)
    assert sentence.startswith("the stack 'Platform' of 30 models would have 2 resources, and CloudFormation takes 1;")
    assert sentence.endswith("cdk deploy --all -c models=FOLDER -c name=NAME")
