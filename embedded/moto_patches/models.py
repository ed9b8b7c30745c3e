"""One loader of service models for the process: each loader looks through 400 directories and reads all of them anew.

moto makes one per service, botocore one per session.
"""

from functools import cache

import botocore.session
from botocore.loaders import Loader, create_loader
from moto.core import utils

from embedded.moto_patches.patches import Patches

_shared = cache(create_loader)


def install(patches: Patches) -> None:
    """Gives moto and every session made from now on the same loader."""

    def loader(search_path_string: str | None = None) -> Loader:
        return _shared(search_path_string)

    patches.replace(utils, "create_loader", loader)
    patches.replace(botocore.session, "create_loader", loader)
