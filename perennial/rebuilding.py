"""Compares a model that was made again with the registered one: equal digests, or what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["file", "library", "fact", "prediction", "archive"]
#: facts of the manifest that tell how a model came about; the others are compared by the files
_FACTS = ("estimator", "parameters", "rows", "classes", "threshold", "datasets", "code_digest", "spec_digest")


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `then` is of the registered model, `now` of the rebuilt one."""

    kind: Kind
    name: str
    then: str
    now: str

    @property
    def sentence(self) -> str:
        """The difference in a sentence."""
        return f"{self.kind} {self.name}: registered {self.then}, rebuilt {self.now}"


@dataclass(frozen=True)
class Built:
    """The manifest and the golden rows of one model."""

    manifest: Mapping[str, Any]
    golden: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The digest of the model, 64 hex digits."""
        return str(self.manifest["digest"])


@dataclass(frozen=True)
class Rebuilt:
    """The result for one version: both digests, the differences, and the libraries that both were made with."""

    version: str
    then: str
    now: str
    differences: tuple[Difference, ...]
    libraries: Mapping[str, str]

    @property
    def equal(self) -> bool:
        """True if both are the same model, byte for byte."""
        return self.then == self.now

    def lines(self) -> tuple[str, ...]:
        """The result in lines for people."""
        head = f"{self.version}: equal, digest {self.now[:12]}" if self.equal else (
            f"{self.version}: differs, registered {self.then[:12]}, rebuilt {self.now[:12]}"
        )  # fmt: skip
        same = ", ".join(f"{name} {version}" for name, version in self.libraries.items())
        libraries = [f"  the same libraries: {same}"] if same else []
        return (head, *(f"  {difference.sentence}" for difference in self.differences), *libraries)

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        differences = [vars(difference) for difference in self.differences]
        return {"version": self.version, "equal": self.equal, "digest": self.then, "rebuilt": self.now} | {
            "differences": differences,
            "libraries": dict(self.libraries),
        }


def compare(version: str, registered: Built, rebuilt: Built, archive_sha256: tuple[str, str]) -> Rebuilt:
    """Compares two models. `archive_sha256`: of the registered archive, as the ledger has it and as it is in S3."""
    libraries = _libraries(registered), _libraries(rebuilt)
    same = {name: made for name, made in libraries[0].items() if libraries[1].get(name) == made}
    found = [
        *_differing("archive", {"sha256": archive_sha256[0][:12]}, {"sha256": archive_sha256[1][:12]}),
        *_differing("library", *libraries),
    ]
    if registered.digest != rebuilt.digest:
        files = [{name: sha[:12] for name, sha in each.manifest["files"].items()} for each in (registered, rebuilt)]
        facts = [{name: each.manifest.get(name) for name in _FACTS} for each in (registered, rebuilt)]
        found += [*_differing("fact", *facts), *_differing("file", *files), *_predictions(registered, rebuilt)]
    return Rebuilt(version, registered.digest, rebuilt.digest, tuple(found), same)


def digest_of_source(files: Mapping[str, bytes]) -> str:
    """The digest of a training source by its files, as a deployment names it; 64 hex digits."""
    return digest_of_files({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})


def digest_of_files(files: Mapping[str, str]) -> str:
    """The digest of a model or a source for {name: sha256 of the content}, as training.artifact makes it."""
    lines = "".join(f"{name}\0{sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _libraries(built: Built) -> dict[str, str]:
    return {str(name): str(version) for name, version in built.manifest.get("versions", {}).items()}


def _differing(kind: Kind, then: Mapping[str, Any], now: Mapping[str, Any]) -> Sequence[Difference]:
    names = [name for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]
    return [Difference(kind, name, _said(then, name), _said(now, name)) for name in names]


def _said(values: Mapping[str, Any], name: str) -> str:
    return "none" if values.get(name) is None else str(values[name])


def _predictions(registered: Built, rebuilt: Built) -> Sequence[Difference]:
    """The number of golden rows that both models predict differently, and the largest difference of two numbers."""
    then, now = registered.golden, rebuilt.golden
    if then.get("rows") != now.get("rows"):
        return [Difference("prediction", "golden rows", f"{len(then['rows'])} rows", "other rows")]
    pairs = list(zip(then["predictions"], now["predictions"], strict=True))
    changed = [(one, other) for one, other in pairs if one != other]
    if not changed:
        return []
    largest = max((abs(a - b) for one, other in changed for a, b in _numbers(one, other)), default=0.0)
    text = f"{len(changed)} of {len(pairs)} differ, by {largest:.3g} at most"
    return [Difference("prediction", "golden rows", f"{len(pairs)} predictions", text)]


def _numbers(one: Mapping[str, Any], other: Mapping[str, Any]) -> Sequence[tuple[float, float]]:
    """The pairs of numbers of two predictions, also of those by class."""
    found: list[tuple[float, float]] = []
    for name, value in one.items():
        now = other.get(name)
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            found += _numbers(value, now)
        elif isinstance(value, int | float) and isinstance(now, int | float) and not isinstance(value, bool):
            found.append((float(value), float(now)))
    return found
