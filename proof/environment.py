"""Where an environment of Perennial is in an account, by its name.

SEAM: an environment has a name (`cdk -c name=NAME`), which its stacks, buckets, tables, functions and the parameter of
its resources' names have. Its endpoints and what belongs to them are named perennial-MODEL in every environment so far;
with `perennial --env NAME` they get names of their own, and only this module changes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from cloud.platform import Platform, client
from perennial import layout


@dataclass(frozen=True)
class Environment:
    """An environment by its name."""

    name: str

    def platform(self) -> Platform:
        """The names of its resources."""
        answer = client("ssm").get_parameter(Name=f"/{self.name}/platform")
        found = json.loads(answer["Parameter"]["Value"])
        return Platform(**{name: value for name, value in found.items() if name in Platform.__dataclass_fields__})

    def endpoint(self, model: str) -> str:
        """The endpoint of a model; also the prefix of its configurations, models, alarms and package group."""
        return layout.endpoint(model)

    @property
    def stacks(self) -> tuple[str, str]:
        """The names of its stacks, also the prefixes of their resources."""
        return f"{self.name}-data", f"{self.name}-platform"
