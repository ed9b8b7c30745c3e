"""The embedded cloud's time: the one setting by which waits, retry intervals and schedules are shortened."""

import time
from dataclasses import dataclass


class SpeedError(ValueError):
    """The speed is not above 0."""


@dataclass(frozen=True)
class Clock:
    """Time runs `speed` times as fast as on the wall. Nothing is skipped, everything is shortened.

    Args:
        speed: a factor above 0; 20 makes a wait of 10 s take 0.5 s.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise SpeedError(f"speed must be above 0, got {self.speed}")

    def scaled(self, seconds: float) -> float:
        """Seconds on the wall that `seconds` of the cloud take."""
        return seconds / self.speed

    def sleep(self, seconds: float) -> None:
        """Sleeps for `seconds` of the cloud's time."""
        time.sleep(self.scaled(seconds))
