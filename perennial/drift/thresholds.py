"""From where a figure counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """For each figure, from where it is worth watching and from where it is drift.

    `psi` and `js` (distance, base 2) over deciles or categories; `ks` the largest gap between the distributions;
    `wasserstein` in the reference's standard deviations; `nulls`, `unseen` and `gone` as changes of a share of rows;
    `target`, the share of rows whose class, or tenth of a number, would have to change; `over_all` the mean over
    columns of how far each moved, weighted by importance, from 0 to 1.
    """

    psi: tuple[float, float] = (0.1, 0.2)
    js: tuple[float, float] = (0.12, 0.2)
    ks: tuple[float, float] = (0.08, 0.15)
    wasserstein: tuple[float, float] = (0.1, 0.2)
    nulls: tuple[float, float] = (0.01, 0.03)
    unseen: tuple[float, float] = (0.005, 0.02)
    gone: tuple[float, float] = (0.005, 0.01)
    target: tuple[float, float] = (0.05, 0.1)
    over_all: tuple[float, float] = (0.2, 0.4)
    #: how rarely a report over data that did not drift may say that it did
    false_alarms: float = 0.005
    #: fewer rows than this on either side tell nothing
    min_rows: int = 50
    #: a column less important than this, relative to the most important one, is never more than watched
    importance: float = 0.01
