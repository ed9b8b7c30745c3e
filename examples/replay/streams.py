"""The streams that can be replayed, by name."""

from __future__ import annotations

from examples.flights import year
from examples.replay import elec, weather
from examples.replay.setup import Setup

STREAMS: dict[str, Setup] = {setup.name: setup for setup in (year.SETUP, elec.SETUP, weather.SETUP)}
