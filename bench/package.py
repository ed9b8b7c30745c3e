"""Unzipped bytes of the validation function and its layer in the assembly: `python -m bench.package ANSWER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cli import project, synthesis

HANDLER = "functions.validation.inspect.handler"


def sizes(assembly: Path) -> dict[str, int]:
    """The bytes of the function's code and of its layers."""
    for template in sorted(assembly.glob("*.template.json")):
        resources: dict[str, Any] = json.loads(template.read_text())["Resources"]
        for resource in resources.values():
            properties = resource.get("Properties", {})
            if properties.get("Handler") == HANDLER:
                layers = [resources[layer["Ref"]]["Properties"]["Content"] for layer in properties.get("Layers", [])]
                function = _bytes(assembly, template, properties["Code"])
                return {"function": function, "layers": sum(_bytes(assembly, template, layer) for layer in layers)}
    raise LookupError(f"{assembly}: no function is handled by {HANDLER}")


def _bytes(assembly: Path, template: Path, code: dict[str, Any]) -> int:
    """The bytes of the asset that the template names by its hash."""
    manifest = json.loads((assembly / template.name.replace(".template.", ".assets.")).read_text())
    source = manifest["files"][code["S3Key"].split(".")[0]]["source"]["path"]
    return sum(path.stat().st_size for path in (assembly / source).rglob("*") if path.is_file())


def main() -> None:
    """Synthesizes if needed, and writes the sizes as JSON."""
    assembly, _ = synthesis.assembly(project.root(), project.build() / "cdk.out")
    Path(sys.argv[1]).write_text(json.dumps(sizes(assembly)))


if __name__ == "__main__":
    main()
