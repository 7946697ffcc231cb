"""The versions of Azure's APIs that are spoken, for reading and for changes.

The SDK would ask for its own, the newest there are: sovereign clouds have those only later, and
answer NoRegisteredProviderFound until then. Later versions add nothing that is used here; of
machines, conditions (`If-None-Match`, `If-Match`) are known from 2024-03-01 on.
"""

from typing import Final

COMPUTE: Final = "2024-11-01"
DISKS: Final = "2024-03-02"
"""Of disks and snapshots, which Microsoft.Compute versions on their own."""
GALLERIES: Final = "2023-07-03"
"""Of galleries, their images and versions."""
SKUS: Final = "2021-07-01"
NETWORK: Final = "2024-05-01"
SUBSCRIPTIONS: Final = "2022-12-01"
RESOURCES: Final = "2021-04-01"
"""Of resource groups, and of tags at a scope."""
PERMISSIONS: Final = "2022-04-01"

_OF_COMPUTE: Final = {"disks": DISKS, "snapshots": DISKS, "skus": SKUS, "galleries": GALLERIES}


def version_of(path: str) -> str:
    """Return the version of what is at a path, by the last provider that the path names."""
    provider, _, rest = path.lower().rpartition("/providers/")[2].partition("/")
    if provider == "microsoft.compute":
        return _OF_COMPUTE.get(rest.partition("/")[0], COMPUTE)
    return NETWORK if provider == "microsoft.network" else RESOURCES
