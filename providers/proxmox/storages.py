"""Storages: which there are on which node, and which all nodes share.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/resources
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from providers.proxmox.machines import refuse_blindness
from skyclust.errors import Unavailable

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


@dataclass(frozen=True)
class Storage:
    """A storage as one node sees it; a shared one holds the same on every node.

    `free` is in bytes.
    """

    name: str
    node: str
    type: str
    content: tuple[str, ...]
    shared: bool
    free: int = 0

    @property
    def path(self) -> str:
        """The path of what it holds in the API."""
        return f"nodes/{self.node}/storage/{self.name}/content"


def get_storages(
    connections: ProxmoxConnections,
    content: set[str],
    doing: str,
    *,
    name: str | None = None,
    reachable_only: bool = False,
) -> list[Storage]:
    """Return the storages (of a name) that hold one of the kinds of content, shared ones once.

    Raises Unavailable when one can be read on no node, unless those that can be reached are
    enough, and PermissionDenied when the credential may see none at all.
    """
    found = connections.get("cluster/resources", doing, type="storage")
    if not found:
        refuse_blindness(connections, "Datastore.Audit", doing)
    chosen: dict[tuple[str, str], Storage] = {}
    missing: dict[tuple[str, str], str] = {}
    for one in sorted(found, key=lambda one: (str(one["storage"]), str(one["node"]))):
        kinds = tuple(str(one.get("content", "")).split(","))
        storage = Storage(
            str(one["storage"]),
            str(one["node"]),
            str(one.get("plugintype", "")),
            kinds,
            bool(one.get("shared", 0)),
            int(one.get("maxdisk", 0)) - int(one.get("disk", 0)),
        )
        if not content & set(kinds) or name not in {None, storage.name}:
            continue
        key = (storage.name, "" if storage.shared else storage.node)
        if one.get("status") == "available":
            chosen.setdefault(key, storage)
        else:
            missing[key] = f"storage {storage.name} of node {storage.node} is {one.get('status')}"
    for key, reason in missing.items():
        if key not in chosen and not reachable_only:
            raise Unavailable(f"Could not {doing}: {reason}.", provider="proxmox")
    return list(chosen.values())
