"""The types that can be asked for: a ladder of sizes that fit on the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from providers.proxmox.regions import get_nodes
from providers.proxmox.sizes import MIB_PER_GIB, Size
from skyclust.model.catalog import InstanceType

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

CORES: Final = (1, 2, 4, 8, 16, 32, 64)
GIB_PER_CORE: Final = (1, 2, 4, 8)
"""What other clouds offer too: from machines for computing to machines for memory."""


def get_instance_types(
    connections: ProxmoxConnections, region: str
) -> Iterator[Sequence[InstanceType]]:
    """Yield, in one page, the sizes that some node can hold, with those nodes as zones.

    A node that is offline, or whose size may not be seen, offers nothing. Any other size may be
    asked for in the same way.
    """
    known = [one for one in get_nodes(connections, f"list types in {region}") if one.online]
    nodes = [node for node in known if node.cores is not None and node.memory_mib is not None]
    found: list[InstanceType] = []
    for cores in CORES:
        for ratio in GIB_PER_CORE:
            size = Size(cores, cores * ratio * MIB_PER_GIB)
            zones = tuple(node.name for node in nodes if node.can_hold(size))
            if zones:
                found.append(
                    InstanceType(
                        provider="proxmox",
                        region=region,
                        name=size.name,
                        cores=size.cores,
                        memory_mib=size.memory_mib,
                        zones=zones,
                    )
                )
    yield found
