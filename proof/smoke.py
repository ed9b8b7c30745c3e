"""`make aws-smoke`: deploys under a name of its own, runs the demo script, destroys all, tells the cost."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from awsrules.quotas import KINDS
from cli.output import CommandError
from perennial.client.local_cloud import AWS_VARIABLES, aws_files
from perennial.environment import Environment
from proof import ProofError, leftovers, prices
from proof.deployers import Deployer, OnAws, OnEmbedded
from proof.meter import Meter
from proof.script import MODEL, Script

ATTEMPTS = 4  # to destroy the stacks: a bucket is not deleted that a function under way wrote into after it was emptied


def main(arguments: list[str] | None = None) -> int:
    """Runs the proof; returns 0 if all was shown and nothing is left, 1 otherwise, 2 if it was not begun."""
    options = _parser().parse_args(arguments)
    environment = Environment(options.name or f"smoke-{secrets.token_hex(2)}")
    print(prices.shown("This costs about", prices.lines(prices.EXPECTED)))
    if options.embedded:
        print("On the embedded cloud it costs nothing.")
    elif not _settings_of_aws():
        print(f"There are no AWS settings: set one of {', '.join(AWS_VARIABLES)}.", file=sys.stderr)
        return 2
    if not options.yes and input(f"Deploy {environment.name}, run the demo script, destroy it? [y/N] ").lower() != "y":
        return 2
    with tempfile.TemporaryDirectory(prefix="perennial-smoke-") as folder:
        context = {"name": environment.name, "retain": "false"}
        where: Deployer = OnAws(Path(folder), context)
        if options.embedded:
            where = OnEmbedded(Path(folder), context, options.account)
        return Smoke(environment, where).run()


class Smoke:
    """One proof: deployed, played, destroyed whatever happened."""

    def __init__(self, environment: Environment, deployer: Deployer) -> None:
        self._environment, self._deployer = environment, deployer
        self._failures: list[str] = []

    def run(self) -> int:
        """0 if all was shown and nothing is left, 1 if not, 2 if it must not begin."""
        began = time.monotonic()
        objections = self._deployer.objections(self._environment.endpoint(MODEL))
        if objections:
            print("not begun:", *objections, sep="\n  ", file=sys.stderr)
            return 2
        used: dict[str, float] = {}
        try:
            self._attempt("deploying", self._deployer.deploy)
            if not self._failures:
                used = self._play()
        except KeyboardInterrupt:
            self._failures.append("interrupted")
        try:
            self._attempt("destroying all", self._destroy)
            logs = lambda: leftovers.delete_logs(self._environment)  # noqa: E731
            self._attempt("deleting late logs", logs)
            self._attempt("looking for what is left", self._tell_what_is_left)
        finally:
            self._deployer.close()
        if used:
            print(prices.shown("It cost", prices.lines(used)))
        for failure in self._failures:
            print(f"failed: {failure}", file=sys.stderr)
        print(f"{'failed' if self._failures else 'all shown, nothing left'} after {time.monotonic() - began:.0f} s")
        return 1 if self._failures else 0

    def _play(self) -> dict[str, float]:
        """Makes the checks; the first one that fails ends the script. Returns what was used."""
        pause = self._deployer.pause
        print(f"ok      {self._environment.name} is deployed", flush=True)
        meter = Meter(self._environment, self._environment.endpoint(MODEL), pause, self._deployer.keys())
        script = Script(self._environment, pause)
        meter.start()
        for claim, check in script.checks():
            if not self._attempt(claim, lambda: print(f"ok      {claim}: {check()}", flush=True)):  # noqa: B023
                break
        meter.stop()
        used: dict[str, float] = {}
        self._attempt(
            "measuring what was used",
            lambda: used.update(meter.used(script.runs, script.state_machine, script.batch_seconds)),
        )
        return used

    def _destroy(self) -> None:
        """Deletes what the workflow made, then the stacks; both again if a function under way wrote in between."""
        for attempts_left in reversed(range(ATTEMPTS)):
            leftovers.delete_made(self._environment, (MODEL,), self._deployer.pause)
            try:
                return self._deployer.destroy()
            except (ProofError, CommandError):
                if not attempts_left:
                    raise
                time.sleep(self._deployer.pause)
        return None

    def _attempt(self, what: str, work: Callable[[], object]) -> bool:
        """True if a step succeeded; its failure is kept, because the stacks are destroyed in every case."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - see above
            self._failures.append(f"{what}: {_words(error)}")
            return False
        return True

    def _tell_what_is_left(self) -> None:
        found = leftovers.left(self._environment, (MODEL,))
        if found:
            raise ProofError("left: " + ", ".join(found))


def _words(error: Exception) -> str:
    if isinstance(error, ProofError):
        return str(error)
    return f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-3)}"


def _settings_of_aws() -> bool:
    return any(os.environ.get(name) for name in AWS_VARIABLES) or bool(aws_files())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make aws-smoke", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--name", help="of the environment; default: smoke- and four random digits")
    parser.add_argument("--embedded", action="store_true", help="on an embedded cloud instead of AWS")
    parser.add_argument("--account", choices=KINDS, default="grown", help="which one the embedded cloud is")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
