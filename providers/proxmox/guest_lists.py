"""The lists of guests: that of the cluster, and those of the nodes.

Neither has the guests that the credential may not see.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/resources
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, required_number, required_text, to_flag, to_text
from providers.proxmox.guest_records import KINDS, Location
from providers.proxmox.permissions import get_privileges
from skyclust.errors import (
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Unavailable,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

LOWEST_VMID: Final = 100
"""Proxmox VE reserves the VMIDs below (`pve-vmid`)."""


def to_vmid(instance_id: str) -> int:
    """Return the VMID in an instance id; raises NotFound for an id that no guest can have."""
    if not instance_id.isascii() or not instance_id.isdigit() or len(instance_id) > 9:
        raise NotFound(f"Guest {instance_id!r} does not exist.", provider="proxmox")
    return int(instance_id)


def to_location(resource: Mapping[str, Any]) -> Location:
    """Return the location of a guest from an item of the cluster's list."""
    return Location(
        vmid=required_number(resource, "vmid"),
        kind=required_text(resource, "type"),
        node=required_text(resource, "node"),
        pool=to_text(resource.get("pool")),
        template=to_flag(resource.get("template")),
        online=resource.get("status") != "unknown",
        name=to_text(resource.get("name")) or "",
    )


def get_cluster_list(clients: ProxmoxClients, doing: str) -> list[Location]:
    """Return the locations of guests and templates in the cluster's list, by VMID.

    The list may be outdated and incomplete: the lists of the nodes decide what exists. Items that
    cannot be read are skipped here, because the lists of the nodes report them.
    """
    items = clients.get_list("cluster/resources", doing, type="vm")
    return sorted(_readable(items), key=lambda location: location.vmid)


def _readable(items: Collection[Any]) -> Iterator[Location]:
    for item in items:
        if isinstance(item, Mapping) and item.get("type") in KINDS:
            try:
                yield to_location(item)
            except UnexpectedAnswer:
                continue


def get_node_list(
    clients: ProxmoxClients, node: str, kind: str, doing: str, *, full: bool = False
) -> list[Any]:
    """Return a node's list of its own VMs or containers.

    With `full` the node queries each running VM for its status, which may take a while.
    """
    parameters = {"full": 1} if full and kind == "qemu" else {}
    return clients.get_list(f"nodes/{node}/{kind}", doing, **parameters)


def to_location_and_status(node: str, kind: str, status: Any) -> tuple[Location, Mapping[str, Any]]:
    """Return the location and the status of a guest from an item of a node's list.

    Raises UnexpectedAnswer for an item without a VMID.
    """
    if not isinstance(status, Mapping):
        raise missing("vmid")
    location = Location(
        vmid=required_number(status, "vmid"),
        kind=kind,
        node=node,
        template=to_flag(status.get("template")),
        name=to_text(status.get("name")) or "",
    )
    return location, status


def is_taken(clients: ProxmoxClients, vmid: int, doing: str) -> bool:
    """Return whether a VMID is taken, also by a guest that the credential may not see."""
    if vmid < LOWEST_VMID:
        return False
    try:
        clients.check("cluster/nextid", doing, vmid=vmid)
    except InvalidRequest as error:
        if "already exists" not in error.message:
            raise
        return True
    return False


def require_visible(clients: ProxmoxClients, vmid: int, doing: str) -> None:
    """Raise PermissionDenied when the credential may not see the guest that has a VMID."""
    if "VM.Audit" not in get_privileges(clients, doing, f"/vms/{vmid}"):
        raise PermissionDenied(
            f"Could not {doing}: guest {vmid} exists, and"
            f" {clients.credential.principal} may not see it.",
            hint="It needs VM.Audit on /vms, on the guest or on its pool.",
            provider="proxmox",
        )


def unconfirmed(doing: str, node: str) -> Unavailable:
    """Return the error for a list that is incomplete because a node is offline."""
    return Unavailable(
        f"Could not {doing}: node {node} is offline, and may have what the others do not.",
        hint="Switch it on, or, if it never comes back, remove it from the cluster:"
        f" `pvecm delnode {node}`.",
        provider="proxmox",
    )
