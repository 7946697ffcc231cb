"""Storages: which node has which storage, and which storages all nodes share.

Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/resources
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from providers.proxmox.fields import missing, required_flag, required_text, to_integer, to_text
from providers.proxmox.permissions import require_privilege
from skyclust.errors import Unavailable, UnexpectedAnswer
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


@dataclass(frozen=True)
class Storage:
    """A storage as one node sees it; a shared storage has the same content on every node.

    `free` is in bytes, 0 when Proxmox VE reports no size.
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
        """The path of the storage's content in the API."""
        return f"nodes/{self.node}/storage/{self.name}/content"


def get_storages(
    clients: ProxmoxClients,
    content: set[str],
    doing: str,
    *,
    name: str | None = None,
    reachable_only: bool = False,
    reader: ItemReader | None = None,
    region: str = "",
) -> list[Storage]:
    """Return the storages, of one name or all, that hold a kind of content; shared ones once.

    Raises Unavailable for a storage that no node can read, unless `reachable_only` is set, and
    PermissionDenied when the credential may not see any storage. `reader` collects the items that
    cannot be read; without a reader they raise IncompleteList.
    """
    listed = clients.get_list("cluster/resources", doing, type="storage")
    if not listed:
        require_privilege(clients, "Datastore.Audit", doing)
    items = reader or ItemReader("proxmox", "storages")
    read = items.read(listed, to_storage, region=region)
    if reader is None:
        items.finish()
    available: dict[tuple[str, str], Storage] = {}
    offline: dict[tuple[str, str], Storage] = {}
    for storage in sorted(read, key=lambda storage: (storage.name, storage.node)):
        if not content & set(storage.content) or name not in {None, storage.name}:
            continue
        key = (storage.name, "" if storage.shared else storage.node)
        if storage.status == "available":
            available.setdefault(key, storage)
        else:
            offline[key] = storage
    for key, storage in offline.items():
        if key not in available and not reachable_only:
            raise Unavailable(
                f"Could not {doing}: storage {storage.name} of node {storage.node} is"
                f" {storage.status or 'in an unknown state'}.",
                provider="proxmox",
            )
    return list(available.values())


def to_storage(item: Any) -> Storage | None:
    """Return a storage from an item of the cluster's list; None for any other kind of item.

    Raises UnexpectedAnswer when name, node or content is missing, or the flag whether all nodes
    share it: the ids of its volumes depend on the flag.
    """
    if not isinstance(item, Mapping):
        raise missing("storage")
    if item.get("type") not in {None, "storage"}:
        return None
    content = item.get("content")
    if not isinstance(content, str):
        raise missing("content")
    total, used = to_integer(item.get("maxdisk")), to_integer(item.get("disk"))
    return Storage(
        name=required_text(item, "storage"),
        node=required_text(item, "node"),
        type=to_text(item.get("plugintype")),
        content=tuple(content.split(",")),
        shared=required_flag(item, "shared"),
        free=total - used if total is not None and used is not None else 0,
        status=to_text(item.get("status")) or "",
    )


def is_shared(clients: ProxmoxClients, storage: str) -> bool:
    """Return whether all nodes share a storage; False for one that the credential may not see.

    Raises UnexpectedAnswer when the list does not say so for a storage.
    """

    def read() -> dict[str, bool | None]:
        doing = f"read where storage {storage} is"
        shared: dict[str, bool | None] = {}
        for item in clients.get_list("cluster/resources", doing, type="storage"):
            name = to_text(item.get("storage")) if isinstance(item, Mapping) else None
            if name is not None and shared.get(name) is None:
                shared[name] = _shared_flag(item)
        return shared

    shared = clients.is_shared(storage, read)
    if shared is None:
        raise missing(f"shared of storage {storage}")
    return shared


def _shared_flag(item: Mapping[str, Any]) -> bool | None:
    try:
        return required_flag(item, "shared")
    except UnexpectedAnswer:
        return None
