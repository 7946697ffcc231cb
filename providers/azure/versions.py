"""The versions of Azure's APIs that are read with plain JSON.

Changes go through the SDK, which brings its own. These are the newest that every public and
sovereign cloud has; later ones add nothing that is read here.
"""

from typing import Final

COMPUTE: Final = "2024-11-01"
DISKS: Final = "2024-03-02"
"""Of disks and snapshots, which Microsoft.Compute versions on their own."""
SKUS: Final = "2021-07-01"
NETWORK: Final = "2024-05-01"
SUBSCRIPTIONS: Final = "2022-12-01"
RESOURCE_GROUPS: Final = "2021-04-01"
PERMISSIONS: Final = "2022-04-01"
