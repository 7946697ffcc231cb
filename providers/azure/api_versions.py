"""The versions of Azure's APIs that this provider uses, for reading and for changes.

The SDK would use the newest versions. Sovereign clouds introduce those only later and answer
NoRegisteredProviderFound until then. Later versions add nothing that is used here. For VMs,
conditional requests (`If-None-Match`, `If-Match`) exist from 2024-03-01 on.
"""

from typing import Final

COMPUTE: Final = "2024-11-01"
DISKS: Final = "2024-03-02"
"""For disks and snapshots, which have versions of their own within Microsoft.Compute."""
GALLERIES: Final = "2023-07-03"
"""For galleries, their image definitions and image versions."""
SKUS: Final = "2021-07-01"
NETWORK: Final = "2024-05-01"
SUBSCRIPTIONS: Final = "2022-12-01"
RESOURCES: Final = "2021-04-01"
"""For resource groups, and for tags at a scope."""
PERMISSIONS: Final = "2022-04-01"
COST_MANAGEMENT: Final = "2023-11-01"

_OF_COMPUTE: Final = {"disks": DISKS, "snapshots": DISKS, "skus": SKUS, "galleries": GALLERIES}


def version_of(path: str) -> str:
    """Return the API version for a path, by the last resource provider in it."""
    provider, _, rest = path.lower().rpartition("/providers/")[2].partition("/")
    if provider == "microsoft.compute":
        return _OF_COMPUTE.get(rest.partition("/")[0], COMPUTE)
    return NETWORK if provider == "microsoft.network" else RESOURCES
