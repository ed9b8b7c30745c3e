"""`perennial down`: ends the embedded cloud."""

from __future__ import annotations

from cli import embedded_cloud
from cli.embedded_cloud import Place
from cli.output import note


def down() -> None:
    """End what `perennial up` began."""
    place = Place.of_checkout()
    running = embedded_cloud.find(place)
    if running is None:
        note("no embedded cloud is up")
        return
    embedded_cloud.stop(running)
    place.state.unlink(missing_ok=True)
    place.deployed.unlink(missing_ok=True)
    note(f"the embedded cloud at {running.endpoint_url} is down")
