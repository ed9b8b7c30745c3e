"""What a spec says of drift: from where each figure is worth watching, and from where it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from perennial.spec.part import Part, Share, part

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


class Drift(Part):
    """How far data may move from what the champion was trained on. What chance alone can do never counts."""

    psi: Reach = part("Population stability index, over tenths or categories.", watch=0.1, drifted=0.2)
    js: Reach = part("Jensen-Shannon distance, 0 to 1, over tenths or categories.", watch=0.12, drifted=0.2)
    ks: Reach = part("Numbers: the largest gap between the shares of rows below any value.", watch=0.08, drifted=0.15)
    wasserstein: Reach = part(
        "Numbers: how far values moved on average, in standard deviations.", watch=0.1, drifted=0.2
    )
    nulls: Reach = part("The change of the share of missing values.", watch=0.01, drifted=0.03)
    unseen: Reach = part(
        "Categories: more rows with values that the reference does not know.", watch=0.005, drifted=0.02
    )
    gone: Reach = part("Categories: the share that a category had which is gone.", watch=0.005, drifted=0.01)
    target: Reach = part("The target: the share of rows in another class or tenth.", watch=0.05, drifted=0.1)
    over_all: Reach = part("The share of what the champion looks at that moved, 0 to 1.", watch=0.2, drifted=0.4)
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
