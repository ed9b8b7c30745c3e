"""What a spec says of drift: from where each figure is worth watching, and from where it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from perennial.spec.part import Part, Share

if TYPE_CHECKING:
    from perennial.drift import Thresholds


class Reach(Part):
    """Two levels of one figure."""

    watch: float = Field(ge=0, description="From here it is worth watching.")
    drifted: float = Field(ge=0, description="From here it is drift.")

    @model_validator(mode="after")
    def _watch_comes_first(self) -> Reach:
        if self.watch > self.drifted:
            raise ValueError(f"watch {self.watch} is above drifted {self.drifted}")
        return self


def _reach(watch: float, drifted: float, description: str) -> Any:
    return Field(Reach(watch=watch, drifted=drifted), description=description)


class Drift(Part):
    """How far data may move from what the champion was trained on. What chance alone can do never counts."""

    psi: Reach = _reach(0.1, 0.2, "Population stability index, over tenths or categories.")
    js: Reach = _reach(0.12, 0.2, "Jensen-Shannon distance, 0 to 1, over tenths or categories.")
    ks: Reach = _reach(0.08, 0.15, "Numbers: the largest gap between the shares of rows below any value.")
    wasserstein: Reach = _reach(0.1, 0.2, "Numbers: how far values moved on average, in standard deviations.")
    nulls: Reach = _reach(0.01, 0.03, "The change of the share of missing values.")
    unseen: Reach = _reach(0.005, 0.02, "Categories: more rows with values that the reference does not know.")
    gone: Reach = _reach(0.005, 0.01, "Categories: the share that a category had which is gone.")
    target: Reach = _reach(0.05, 0.1, "The target: the share of rows in another class or tenth.")
    over_all: Reach = _reach(0.2, 0.4, "The share of what the champion looks at that moved, 0 to 1.")
    false_alarms: float = Field(
        0.005, gt=0, le=0.1, description="How rarely a comparison may call drift where there is none."
    )
    min_rows: int = Field(50, ge=1, description="With fewer rows on either side nothing is concluded.")
    importance: Share = Field(
        0.01, description="A feature less important than this share of the most important is never more than watched."
    )

    def thresholds(self) -> Thresholds:
        """What perennial.drift needs to know."""
        from perennial.drift import Thresholds

        reaches = {
            name: (one["watch"], one["drifted"]) for name, one in self.model_dump().items() if isinstance(one, dict)
        }
        return Thresholds(**reaches, false_alarms=self.false_alarms, min_rows=self.min_rows, importance=self.importance)
