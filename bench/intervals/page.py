"""docs/benchmarks-intervals.md, from the raw results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.models.tables import Public

TEMPLATE = Path(__file__).with_name("page.md")
LOW, HIGH, SHARE = 0.88, 0.92, 0.9
NAMES = {"hist_gradient_boosting": "by the answer (default estimator)", "quantile": "by quantiles (`quantile`)"}


def page(results: Mapping[str, Any], known: Mapping[str, Public]) -> str:
    """The whole page."""
    lines = ["| table | target | new rows | divisions | error of one | intervals | coverage | of each division | "
             "narrowest fifth | widest fifth | mean width | path |"]  # fmt: skip
    lines.append("| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for name, found in ((name, results[name]) for name in known if name in results):
        for estimator, told in found["estimators"].items():
            part = told["width"] / found["estimators"]["hist_gradient_boosting"]["width"]
            cells = (name, f"`{known[name].target}`", f"{found['new']:,}", str(found["divisions"]),
                     f"{_error(found):.1%}", NAMES[estimator],
                     f"{told['coverage']:.1%}", f"{told['least']:.1%} to {told['most']:.1%}", f"{told['narrow']:.1%}",
                     f"{told['wide']:.1%}", f"{part:.2f}", told["path"])  # fmt: skip
            lines.append("| " + " | ".join(cells) + " |")
    verdicts = [_verdict(estimator, results) for estimator in NAMES]
    return TEMPLATE.read_text(encoding="utf-8").format(
        count=len(results), table="\n".join(lines), verdict=" ".join(verdicts)
    )


def _error(found: Mapping[str, Any]) -> float:
    """The standard error of one division's coverage: of its new rows, and of the rows that the intervals come from."""
    return math.sqrt(SHARE * (1 - SHARE) * (1 / found["new"] + 1 / found["held_out"]))


def _verdict(estimator: str, results: Mapping[str, Any]) -> str:
    good = sum(LOW <= each["estimators"][estimator]["coverage"] <= HIGH for each in results.values())
    met = "met" if good == len(results) else f"not met: {good}, asked {len(results)}"
    return f"Intervals {NAMES[estimator]} cover 88 to 92% on {good} of {len(results)} tables: {met}."
