"""mypy reads of the CDK only the modules that pyproject.toml names: what is missing there would be Any in silence."""

import ast
import tomllib

from stacks.settings import CODE as ROOT


def imported() -> set[str]:
    """All modules of the CDK that the project imports."""
    found = set()
    for path in [ROOT / "app.py", *ROOT.glob("stacks/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "aws_cdk":
                found |= {f"aws_cdk.{alias.name}" for alias in node.names if alias.name.startswith("aws_")}
    return found


def test_every_module_of_the_cdk_that_we_import_is_type_checked() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    followed = {name for entry in overrides if entry.get("follow_imports") == "normal" for name in entry["module"]}
    assert followed == imported() | {"aws_cdk"}
