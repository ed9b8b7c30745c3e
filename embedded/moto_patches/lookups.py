"""What moto and botocore look up on disk again and again is looked up once.

moto lists its modules for each request, which takes a third of it. It makes a loader of service models per service,
botocore one per session, and each loader looks through 400 directories and reads the models anew.
"""

from functools import cache

import botocore.session
from botocore.loaders import Loader, create_loader
from moto import backends
from moto.core import utils

from embedded.moto_patches.patches import Patches

_shared = cache(create_loader)


def install(patches: Patches) -> None:
    """Gives moto and every session made from now on the same loader, and moto the list of its modules."""

    def loader(search_path_string: str | None = None) -> Loader:
        return _shared(search_path_string)

    patches.replace(utils, "create_loader", loader)
    patches.replace(botocore.session, "create_loader", loader)
    modules = tuple(backends.list_of_moto_modules())
    patches.replace(backends, "list_of_moto_modules", lambda: modules)
