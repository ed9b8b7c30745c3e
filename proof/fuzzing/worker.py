"""One process of atheris, with one harness: mutates, reads, and keeps the bytes that break the property.

It ends when its CPU time is used up. A breach does not end the search: some inputs of each kind are kept, by the
exception and its place. Instrumented code is slower, so `run` examines what was kept again, without atheris.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import atheris

from proof.fuzzing import INPUTS
from proof.fuzzing.harness import MOST_BYTES, Harness, examine, load

_INSTRUMENTED = ["awsrules", "perennial", "training"]
_AGAIN = 16  # one input in so many is read twice
_KEPT = 3  # inputs of one kind of breach with a place
_SLOW = 20  # inputs that take long or much, some of them by the instrumentation alone
_HANGS = 60  # seconds on the clock, after which libFuzzer ends the process


@dataclass
class Search:
    """The state of a search; `folder` gets its results and the inputs that break the property."""

    harness: Harness
    folder: Path
    seconds: float
    started: float = field(default_factory=time.process_time)
    executions: int = 0
    written: float = 0.0
    kept: dict[tuple[str, str], int] = field(default_factory=dict)

    def one(self, data: bytes) -> None:
        """Examines one input."""
        self.executions += 1
        fault = examine(self.harness, data, again=self.executions % _AGAIN == 0)
        if fault is not None:
            found = (fault.kind, fault.place)
            self.kept[found] = self.kept.get(found, 0) + 1
            if self.kept[found] <= (_KEPT if fault.place else _SLOW):
                (self.folder / f"found-{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)
        used = time.process_time() - self.started
        if used - self.written > 1 or used > self.seconds:
            self.write(used)
        if used > self.seconds:
            os._exit(0)  # libFuzzer has no other end by CPU time

    def write(self, used: float) -> None:
        """Writes the executions and the CPU seconds so far."""
        self.written = used
        (self.folder / "state.json").write_text(json.dumps({"executions": self.executions, "seconds": used}))


def main() -> None:
    """Runs the harness of one input until its CPU time is used up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input", choices=INPUTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    chosen = parser.parse_args()
    with atheris.instrument_imports(include=_INSTRUMENTED):
        harness = load(chosen.input)
        for seed in harness.seeds:  # imports what the reader imports at its first call
            examine(harness, seed)
    corpus, words = chosen.folder / "corpus", chosen.folder / "words"
    corpus.mkdir(exist_ok=True)
    for place, seed in enumerate(harness.seeds):
        (corpus / f"seed-{place}").write_bytes(seed)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in harness.words))
    search = Search(harness, chosen.folder, chosen.seconds)
    search.write(0.0)
    options = [f"-dict={words}"] if harness.words else []
    options += [
        f"-max_len={MOST_BYTES}",
        f"-timeout={_HANGS}",
        "-rss_limit_mb=3072",
        "-reload=0",
        "-use_value_profile=1",
    ]
    atheris.Setup([sys.argv[0], str(corpus), f"-artifact_prefix={chosen.folder}/found-", *options], search.one)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # the server logs what it does
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main()
