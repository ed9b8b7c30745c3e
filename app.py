"""The CDK app of the checkout: `python app.py` writes cdk.out, as `cdk deploy` does. See stacks/app.py."""

from stacks.app import main

main()
