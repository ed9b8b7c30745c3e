"""The reader of a CDK cloud assembly (cdk.out): stacks in the order of their dependencies, templates, assets."""

import io
import json
import zipfile
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from embedded.context import ACCOUNT_ID, REGION


class AssemblyError(ValueError):
    """The directory is not a cloud assembly, or holds what the embedded cloud cannot deploy."""


@dataclass(frozen=True)
class Asset:
    """A file or directory of the assembly and the S3 object it becomes; `zipped` for a directory."""

    digest: str
    source: Path
    zipped: bool
    bucket: str
    key: str

    def content(self) -> bytes:
        """The bytes of the S3 object; zips are equal for equal content."""
        return _zip(self.source) if self.zipped else self.source.read_bytes()


@dataclass(frozen=True)
class Stack:
    """One stack: its name, its template as synthesized, its assets, and the stacks it depends on."""

    name: str
    template: dict[str, Any]
    assets: tuple[Asset, ...]
    depends_on: tuple[str, ...] = ()


def read_assembly(directory: Path) -> list[Stack]:
    """The stacks of the assembly, each after those it depends on. Raises AssemblyError."""
    manifest = _json(directory / "manifest.json", directory)
    artifacts: dict[str, dict[str, Any]] = manifest.get("artifacts", {})
    found = {}
    for identifier, artifact in artifacts.items():
        kind = artifact.get("type")
        if kind == "aws:cloudformation:stack":
            found[identifier] = _stack(directory, identifier, artifact, artifacts)
        elif kind == "cdk:cloud-assembly":
            raise AssemblyError(f"{directory}: nested assembly {identifier!r} (a CDK Stage) is not supported")
    if not found:
        raise AssemblyError(f"{directory}: the manifest names no stack")
    return _ordered(found)


def _stack(directory: Path, identifier: str, artifact: dict[str, Any], artifacts: dict[str, dict[str, Any]]) -> Stack:
    template = _json(directory / artifact["properties"]["templateFile"], directory)
    needed = artifact.get("dependencies", [])
    assets = [
        asset
        for name in needed
        if artifacts.get(name, {}).get("type") == "cdk:asset-manifest"
        for asset in _assets(directory, directory / artifacts[name]["properties"]["file"])
    ]
    stacks = [name for name in needed if artifacts.get(name, {}).get("type") == "aws:cloudformation:stack"]
    name = artifact["properties"].get("stackName", identifier)
    return Stack(name, template, tuple(assets), tuple(stacks))


def _assets(directory: Path, manifest: Path) -> list[Asset]:
    listed = _json(manifest, directory)
    if listed.get("dockerImages"):
        raise AssemblyError(f"{manifest}: container image assets are not supported, the embedded cloud has no Docker")
    assets = []
    for digest, entry in listed.get("files", {}).items():
        source = entry["source"]
        if "path" not in source:
            raise AssemblyError(f"{manifest}: asset {digest} is made by a command, which is not supported")
        for destination in entry["destinations"].values():
            path = directory / source["path"]
            zipped = source.get("packaging") == "zip"
            bucket, key = _resolved(destination["bucketName"]), _resolved(destination["objectKey"])
            assets.append(Asset(digest, path, zipped, bucket, key))
    return assets


def _resolved(text: str) -> str:
    """Fills the placeholders CDK leaves in destinations of environment-agnostic stacks."""
    values = {"AWS::AccountId": ACCOUNT_ID, "AWS::Region": REGION, "AWS::Partition": "aws"}
    for name, value in values.items():
        text = text.replace("${" + name + "}", value)
    return text


def _ordered(found: dict[str, Stack]) -> list[Stack]:
    needs = {name: [needed for needed in stack.depends_on if needed in found] for name, stack in found.items()}
    try:
        return [found[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise AssemblyError(f"the stacks {circle} depend on each other in a circle") from error


def _json(path: Path, directory: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise AssemblyError(f"{directory} is no cloud assembly: {path.name} is missing; run `cdk synth`") from error
    except ValueError as error:
        raise AssemblyError(f"{path} is no JSON: {error}") from error
    return content


def _zip(directory: Path) -> bytes:
    if not directory.is_dir():
        raise AssemblyError(f"asset {directory} is missing; run `cdk synth`")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(str(path.relative_to(directory)), (1980, 1, 1, 0, 0, 0))
                entry.external_attr = (path.stat().st_mode & 0o777) << 16
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
