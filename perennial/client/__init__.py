"""The Python API of a deployed platform, for notebooks and programs; the command line uses it too.

    from perennial.client import Platform

    platform = Platform()
    decision = platform.upload("january.csv", "flights").wait()
    platform.predict(rows, "flights").to_pandas()

Names are imported on first use: boto3 and Polars take a while.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perennial.client.comparison import Comparison
    from perennial.client.decision import Decision
    from perennial.client.errors import ClientError
    from perennial.client.following import Progress
    from perennial.client.pages import Report
    from perennial.client.platform import ModelStatus, Platform, Upload
    from perennial.client.predictions import Predictions

_PLACES = {
    "ClientError": "errors", "Comparison": "comparison", "Decision": "decision", "ModelStatus": "platform",
    "Platform": "platform", "Predictions": "predictions", "Progress": "following", "Report": "pages",
    "Upload": "platform",
}  # fmt: skip

__all__ = [
    "ClientError",
    "Comparison",
    "Decision",
    "ModelStatus",
    "Platform",
    "Predictions",
    "Progress",
    "Report",
    "Upload",
]


def __getattr__(name: str) -> Any:
    """A name of the API, from its module."""
    if name not in _PLACES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
