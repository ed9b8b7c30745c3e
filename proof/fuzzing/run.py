"""Fuzzes all inputs, or those that are named, one after another. Exits with 1 if something breaks the property.

Run it in the environment of requirements/fuzzing.txt, as `make fuzz-readers` does. The inputs that broke the property,
and the corpus, with which the next run goes on, are in build/fuzzed/INPUT.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from proof.fuzzing import INPUTS
from proof.fuzzing.harness import Fault, examine, load

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "build" / "fuzzed"
_MOST_STARTS = 20
_HANGS = 600  # seconds on the clock, which a busy machine stretches
_ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Result:
    """The executions and CPU seconds of an input, and the breaches by the file that causes each."""

    executions: int
    seconds: float
    faults: dict[Path, Fault]


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description="Fuzzes the readers of bytes from outside.")
    parser.add_argument("inputs", nargs="*", help=f"some of {', '.join(INPUTS)}; without any: all")
    parser.add_argument("--seconds", type=float, default=600, help="CPU time for each input")
    parser.add_argument("--examine", type=Path, help="only read this file by the one input that is named")
    chosen = parser.parse_args()
    unknown = set(chosen.inputs) - set(INPUTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if chosen.examine is not None:
        sys.exit(_examined(chosen.inputs[0], chosen.examine))
    broken = 0
    for name in chosen.inputs or INPUTS:
        result = fuzz(name, chosen.seconds)
        print(f"{name}: {result.executions:,} executions in {result.seconds:.0f} s of CPU time", flush=True)
        for path, fault in result.faults.items():
            print(
                f"  {fault.kind} {fault.place}: {path}\n    {fault.details.strip().splitlines()[-1][:300]}", flush=True
            )
        broken += len(result.faults)
    sys.exit(1 if broken else 0)


def fuzz(name: str, seconds: float) -> Result:
    """Fuzzes one input. A process that ends early, by a crash of native code or a hang, is followed by another one."""
    folder = _FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("found-*"):
        path.unlink()
    executions, used = 0, 0.0
    with (folder / "log").open("w") as log:
        for _ in range(_MOST_STARTS):
            if used >= seconds - 1:
                break
            (folder / "state.json").unlink(missing_ok=True)
            command = [sys.executable, "-m", "proof.fuzzing.worker", name, str(folder), f"--seconds={seconds - used}"]
            subprocess.run(command, cwd=_ROOT, env=os.environ | _ONE_CORE, stdout=log, stderr=log, check=False)
            state = folder / "state.json"
            if not state.exists():
                raise RuntimeError(f"the harness of {name} cannot start; {folder / 'log'} has the reason")
            done = json.loads(state.read_text())
            executions, used = executions + done["executions"], used + done["seconds"]
    return Result(executions, used, dict(_confirmed(name, folder)))


def _confirmed(name: str, folder: Path) -> Iterator[tuple[Path, Fault]]:
    """The inputs that break the property without atheris, too: the first of each kind and place."""
    seen = set()
    for path in sorted(folder.glob("found-*")):
        fault = _examined_alone(name, path)
        if fault is not None and (fault.kind, fault.place) not in seen:
            seen.add((fault.kind, fault.place))
            yield path, fault


def _examined_alone(name: str, path: Path) -> Fault | None:
    """Examines a file in a process of its own, which may crash or hang."""
    command = [sys.executable, "-m", "proof.fuzzing.run", name, "--examine", str(path)]
    try:
        done = subprocess.run(
            command, cwd=_ROOT, env=os.environ | _ONE_CORE, capture_output=True, text=True, check=False, timeout=_HANGS
        )
    except subprocess.TimeoutExpired:
        return Fault("hang", "", f"no end within {_HANGS} s")
    if done.stdout:
        return Fault(**json.loads(done.stdout))
    return Fault("crash", "", f"exit code {done.returncode}: {done.stderr[-500:]}") if done.returncode else None


def _examined(name: str, path: Path) -> int:
    """Examines one file after the seeds, which import everything; prints the breach as JSON. Returns the exit code."""
    with redirect_stdout(sys.stderr):
        harness = load(name)
        for seed in harness.seeds:
            examine(harness, seed)
        fault = examine(harness, path.read_bytes())
    if fault is not None:
        print(json.dumps(vars(fault)))
    return 0 if fault is None else 1


if __name__ == "__main__":
    main()
