"""Storages: which there are on which node, and which all nodes share.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/resources
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from providers.proxmox.fields import missing, required_flag, required_text, to_integer, to_text
from providers.proxmox.permissions import refuse_blindness
from skyclust.errors import Unavailable
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


@dataclass(frozen=True)
class Storage:
    """A storage as one node sees it; a shared one holds the same on every node.

    `free` is in bytes, 0 where Proxmox VE tells none.
    """

    name: str
    node: str
    type: str | None
    content: tuple[str, ...]
    shared: bool
    free: int = 0
    status: str = "available"

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
    reader: ItemReader | None = None,
    region: str = "",
) -> list[Storage]:
    """Return the storages (of a name) that hold one of the kinds of content, shared ones once.

    Raises Unavailable when one can be read on no node, unless those that can be reached are
    enough, and PermissionDenied when the credential may see none at all. `reader` remembers
    what cannot be read; without one it raises IncompleteList.
    """
    found = connections.get_list("cluster/resources", doing, type="storage")
    if not found:
        refuse_blindness(connections, "Datastore.Audit", doing)
    items = reader or ItemReader("proxmox", "storages")
    read = items.read(found, to_storage, region=region)
    if reader is None:
        items.finish()
    chosen: dict[tuple[str, str], Storage] = {}
    offline: dict[tuple[str, str], Storage] = {}
    for storage in sorted(read, key=lambda one: (one.name, one.node)):
        if not content & set(storage.content) or name not in {None, storage.name}:
            continue
        key = (storage.name, "" if storage.shared else storage.node)
        if storage.status == "available":
            chosen.setdefault(key, storage)
        else:
            offline[key] = storage
    for key, one in offline.items():
        if key not in chosen and not reachable_only:
            raise Unavailable(
                f"Could not {doing}: storage {one.name} of node {one.node} is"
                f" {one.status or 'in no state that it tells'}.",
                provider="proxmox",
            )
    return list(chosen.values())


def to_storage(one: Any) -> Storage | None:
    """Return a storage of the cluster's list; None for anything else in it.

    Raises UnexpectedAnswer for one without name, node or content, or that does not say whether all
    nodes share it: the ids of its volumes depend on that.
    """
    if not isinstance(one, Mapping):
        raise missing("storage")
    if one.get("type") not in {None, "storage"}:
        return None
    content = one.get("content")
    if not isinstance(content, str):
        raise missing("content")
    total, used = to_integer(one.get("maxdisk")), to_integer(one.get("disk"))
    return Storage(
        name=required_text(one, "storage"),
        node=required_text(one, "node"),
        type=to_text(one.get("plugintype")),
        content=tuple(content.split(",")),
        shared=required_flag(one, "shared"),
        free=total - used if total is not None and used is not None else 0,
        status=to_text(one.get("status")) or "",
    )
