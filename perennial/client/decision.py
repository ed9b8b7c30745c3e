"""The decision about a dataset: the outcome of its run, the reasons, and the metrics beside the champion's."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from perennial.gate.metric_rows import MetricRow, with_interval
from perennial.outcomes import State
from perennial.records import Run

_REASONS = 8  # shown in a notebook
_COLOURS = {"promoted": "#1a7f37", "refused": "#9a6700", "quarantined": "#9a6700", "failed": "#cf222e"}


@dataclass(frozen=True)
class Decision:
    """The end of a run. `run` is None if none was started.

    `metrics` are those of candidate and champion on the same held-out rows, with their intervals; the first is the
    metric that the gate compares. A notebook shows a decision as a table.
    """

    dataset: str
    run: str | None
    outcome: State
    reasons: tuple[str, ...]
    next_command: str
    version: str | None
    metrics: tuple[MetricRow, ...] = ()

    @classmethod
    def of_run(cls, run: Run, metrics: tuple[MetricRow, ...]) -> Decision:
        """The decision of a run; `outcome` is `running` while it runs."""
        return cls(run.dataset, run.id, run.state, run.reasons, run.next_command, run.version, metrics)

    @property
    def promoted(self) -> bool:
        """True if the new model serves."""
        return self.outcome == "promoted"

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "dataset": self.dataset, "run": self.run, "outcome": self.outcome, "reasons": list(self.reasons),
            "next_command": self.next_command, "version": self.version,
            "metrics": [row.to_json() for row in self.metrics],
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [f"{self.outcome}  {self.version or ''}".rstrip(), *(f"  {reason}" for reason in self.reasons)]
        for row in self.metrics:
            beside = f"; champion {with_interval(row.champion)}" if row.champion.value is not None else ""
            lines.append(f"  {row.name} {with_interval(row.candidate)}{beside}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        colour = _COLOURS.get(self.outcome, "#57606a")
        subject = self.version or self.run or self.dataset
        head = f'<b style="color:{colour}">{escape(self.outcome)}</b> {escape(subject)}'
        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in self.reasons[:_REASONS])
        more = len(self.reasons) - _REASONS
        reasons += f"<li>and {more} more</li>" if more > 0 else ""
        return f"<div>{head}<ul>{reasons}</ul>{self._metrics_html()}</div>"

    def _metrics_html(self) -> str:
        if not self.metrics:
            return ""
        cells = "".join(
            f"<tr><td>{escape(row.name)}</td>"
            + "".join(f"<td>{with_interval(part)}</td>" for part in (row.candidate, row.champion, row.difference))
            + "</tr>"
            for row in self.metrics
        )
        names = "".join(f"<th>{name}</th>" for name in ("metric", "candidate", "champion", "difference"))
        return f"<table><thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table>"
