"""moto makes a loader of botocore's models per service, and each looks through 400 directories: it is given ours."""

from moto.core import utils

from embedded.clients import shared_loader
from embedded.moto_patches.patches import Patches


def install(patches: Patches) -> None:
    """Gives moto the loader of the cloud's own clients, so that each model is read once."""
    patches.replace(utils, "create_loader", shared_loader)
