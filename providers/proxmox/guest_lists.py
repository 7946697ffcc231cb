"""What the cluster's list of machines says, and what the nodes say of their own.

Neither list has what the credential may not see.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/cluster/resources
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.fields import missing, required_number, required_text, to_flag, to_text
from providers.proxmox.guests import KINDS, Place
from providers.proxmox.permissions import get_privileges
from skyclust.errors import (
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Unavailable,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

LOWEST_NUMBER: Final = 100
"""Proxmox VE keeps the numbers below for itself (`pve-vmid`)."""


def to_vmid(instance_id: str) -> int:
    """Return the number that an id stands for; raises NotFound for what no machine has."""
    if not instance_id.isascii() or not instance_id.isdigit() or len(instance_id) > 9:
        raise NotFound(f"There is no machine {instance_id!r}.", provider="proxmox")
    return int(instance_id)


def to_place(resource: Mapping[str, Any]) -> Place:
    """Return the place that one of the cluster's resources tells."""
    return Place(
        vmid=required_number(resource, "vmid"),
        kind=required_text(resource, "type"),
        node=required_text(resource, "node"),
        pool=to_text(resource.get("pool")),
        template=to_flag(resource.get("template")),
        online=resource.get("status") != "unknown",
        name=to_text(resource.get("name")) or "",
    )


def get_listed(connections: ProxmoxConnections, doing: str) -> list[Place]:
    """Return where machines and templates are by the cluster's list alone, by number.

    Neither is all of it true any more, nor is it all: before anything is concluded from that,
    the nodes are asked, whose lists name what cannot be read.
    """
    found = connections.get_list("cluster/resources", doing, type="vm")
    return sorted(_readable(found), key=lambda place: place.vmid)


def _readable(found: Collection[Any]) -> Iterator[Place]:
    for one in found:
        if isinstance(one, Mapping) and one.get("type") in KINDS:
            try:
                yield to_place(one)
            except UnexpectedAnswer:
                continue


def get_at_node(
    connections: ProxmoxConnections, node: str, kind: str, doing: str, *, full: bool = False
) -> list[Any]:
    """Return what a node tells of its own machines or containers.

    With `full` it asks each machine that runs how it is, which may take a while.
    """
    asked = {"full": 1} if full and kind == "qemu" else {}
    return connections.get_list(f"nodes/{node}/{kind}", doing, **asked)


def to_status(node: str, kind: str, status: Any) -> tuple[Place, Mapping[str, Any]]:
    """Return the place that a node's list tells, and the status of the machine there.

    Raises UnexpectedAnswer for one without a number.
    """
    if not isinstance(status, Mapping):
        raise missing("vmid")
    place = Place(
        vmid=required_number(status, "vmid"),
        kind=kind,
        node=node,
        template=to_flag(status.get("template")),
        name=to_text(status.get("name")) or "",
    )
    return place, status


def is_taken(connections: ProxmoxConnections, vmid: int, doing: str) -> bool:
    """Return whether a number is taken by the cluster's list, also by what may not be seen."""
    if vmid < LOWEST_NUMBER:
        return False
    try:
        connections.check("cluster/nextid", doing, vmid=vmid)
    except InvalidRequest as error:
        if "already exists" not in error.message:
            raise
        return True
    return False


def refuse_hidden(connections: ProxmoxConnections, vmid: int, doing: str) -> None:
    """Raise PermissionDenied where the credential may not see the machine of a taken number."""
    if "VM.Audit" not in get_privileges(connections, doing, f"/vms/{vmid}"):
        raise PermissionDenied(
            f"Could not {doing}: machine {vmid} exists, and"
            f" {connections.credential.principal} may not see it.",
            hint="It needs VM.Audit on /vms, on the machine or on its pool.",
            provider="proxmox",
        )


def unconfirmed(doing: str, node: str) -> Unavailable:
    """Return the error for what only a node could tell that is offline."""
    return Unavailable(
        f"Could not {doing}: node {node} is offline, and may have what the others do not.",
        hint="Switch it on; one that never comes back is removed from the cluster:"
        f" `pvecm delnode {node}`.",
        provider="proxmox",
    )
