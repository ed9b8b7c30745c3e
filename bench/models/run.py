"""`python -m bench.models.run [--only TABLE] [--write]`: drafts and models of public tables beside two baselines."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from bench.environments import environment
from bench.models.page import judge, page
from bench.models.tables import FOLDER, Public, tables, texts, unpack
from bench.peers import Peer
from bench.processes import ROOT, RunError, watch

RESULTS = ROOT / "bench" / "results" / "models.json"
PAGE = ROOT / "docs" / "benchmarks-models.md"
PEER = Peer("models", "public tables", "skrub", "bench.models.baselines", "skrub", ("3.11",))


def main() -> int:
    """Exits with 1 if a table failed, a draft is not what an expert would choose, or a model is worse."""
    parser = argparse.ArgumentParser(prog="python -m bench.models.run", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*tables(), *texts()], default=[], help="may be repeated")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # as a training of ours, and the same scores on every machine
    made = environment(PEER, FOLDER)
    if made.reason:
        raise SystemExit(f"no environment: {made.reason}")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if arguments.only and RESULTS.exists() else {}
    known = tables() | texts()
    for name, table in known.items():
        if not arguments.only or name in arguments.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            results[name] = _measured(table, str(made.python))
            print(f"{name}: {judge(table, results[name])}", flush=True)
            if arguments.write:  # after each table, so that a stopped run has what it measured
                RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
                PAGE.write_text(page(json.loads(RESULTS.read_text())), encoding="utf-8")
    return int(any(judge(known[name], found) for name, found in results.items()))


def _measured(table: Public, python: str) -> dict[str, Any]:
    """The draft, and the scores of the three models; or the reason why there are none."""
    purelib = [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    unpack(table, type(FOLDER)(subprocess.check_output(purelib, text=True).strip()))
    try:
        watch([sys.executable, "-m", "bench.models.ours", table.name])
        text = [table.text] if table.text else []
        watch([python, "-m", "bench.models.baselines", str(table.csv.parent), json.dumps(table.left_out), *text])
    except RunError as error:
        return {"failed": str(error).splitlines()[-1]}
    draft, scores = (json.loads((table.csv.parent / f"{name}.json").read_text()) for name in ("draft", "scores"))
    return {"draft": draft, "scores": scores}


if __name__ == "__main__":
    sys.exit(main())
