"""Disks: managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/disks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, provisioning
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, text, texts
from providers.azure.ids import ResourceId, named, to_id
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_moment, zone_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

KIND: Final = "microsoft.compute/disks"

# DiskState of the API. A disk of a deallocated machine is Reserved, one of a hibernated Frozen.
STATES: Final = {
    "Unattached": ResourceState.AVAILABLE,
    "Attached": ResourceState.IN_USE,
    "Reserved": ResourceState.IN_USE,
    "Frozen": ResourceState.IN_USE,
    "ActiveSAS": ResourceState.IN_USE,
    "ActiveSASFrozen": ResourceState.IN_USE,
    "ReadyToUpload": ResourceState.PENDING,
    "ActiveUpload": ResourceState.PENDING,
}


def disk_id(clients: AzureClients, region: str, written: str) -> ResourceId:
    """Return the id of a disk in its parts; raises NotFound for what no disk here has."""
    parts = to_id(written)
    if parts is None or parts.kind != KIND or parts.subscription != clients.subscription_id:
        raise NotFound(
            f"There is no disk {written} in {region}.",
            hint="A disk is named by its resource id, in the credential's subscription.",
            provider="azure",
        )
    return parts


def read_disk(clients: AzureClients, region: str, written: str) -> Document:
    """Return a disk as Azure has it; raises NotFound when the region has none."""
    parts = disk_id(clients, region, written)
    doing = f"read disk {written} in {region}"
    with azure_errors(doing):
        disk = clients.get(str(parts), api_versions.DISKS)
    if location_of(disk) != region:
        raise NotFound(f"Could not {doing}: it is in {location_of(disk)}.", provider="azure")
    return disk


def to_disk(disk: Document) -> Resource:
    """Return a disk as an inventory resource."""
    properties = inner(disk, "properties")
    state, native = _state(disk)
    return Resource(
        provider="azure",
        region=location_of(disk),
        kind=ResourceKind.DISK,
        id=id_of(disk),
        name=name_of(disk),
        zone=zone_of(disk),
        state=state,
        native_state=native,
        tags=tags_of(disk),
        created_at=to_moment(properties, "timeCreated"),
        attributes={
            "attached_to": [*holders(disk)],
            "device": None,
            "encrypted": True,  # Azure encrypts every managed disk at rest
            "iops": number(properties, "diskIOPSReadWrite"),
            "size_gib": number(properties, "diskSizeGB"),
            "snapshot": source_of(disk, "/snapshots/"),
            "throughput_mibps": _mebibytes(number(properties, "diskMBpsReadWrite")),
            "type": text(inner(disk, "sku"), "name"),
        },
    )


def holders(disk: Mapping[str, Any]) -> list[str]:
    """Return the ids of the machines that a disk is attached to, sorted."""
    written = [text(disk, "managedBy"), *texts(disk, "managedByExtended")]
    return sorted({one for one in map(named, written) if one})


def unique_id(disk: Mapping[str, Any]) -> str | None:
    """Return the id that no later disk of the same name has, None where Azure tells none."""
    return text(inner(disk, "properties"), "uniqueId")


def source_of(thing: Mapping[str, Any], kind: str) -> str | None:
    """Return the id of what a disk or snapshot was made of, if that is of a kind."""
    data = inner(inner(thing, "properties"), "creationData")
    found = named(text(data, "sourceResourceId"))
    return found if found and kind in found else None


def _state(disk: Document) -> tuple[ResourceState | None, str | None]:
    """Return the state and Azure's word: of a change under way, else of the disk's use.

    Where Azure tells no use, whether a machine has it says the same.
    """
    changing = provisioning.unsettled(disk)
    disk_state = text(inner(disk, "properties"), "diskState")
    if changing is not None or disk_state is None:
        use = ResourceState.IN_USE if holders(disk) else ResourceState.AVAILABLE
        return provisioning.state_and_native(disk, use)
    return STATES.get(disk_state, ResourceState.UPDATING), disk_state


def _mebibytes(megabytes: float | None) -> float | None:
    # Azure counts throughput in millions of bytes.
    return None if megabytes is None else round(megabytes * 1_000_000 / 1_048_576, 1)
