"""Managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/disks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, provisioning
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, text, texts
from providers.azure.ids import ResourceId, named, to_id
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_datetime, zone_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

KIND: Final = "microsoft.compute/disks"

# DiskState of the API. A disk of a deallocated VM is Reserved, of a hibernated VM Frozen.
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


def parse_disk_id(clients: AzureClients, region: str, disk_id: str) -> ResourceId:
    """Return the parsed resource id of a disk.

    Raises NotFound for anything but the id of a disk in the credential's subscription.
    """
    resource_id = to_id(disk_id)
    if (
        resource_id is None
        or resource_id.kind != KIND
        or resource_id.subscription != clients.subscription_id
    ):
        raise NotFound(
            f"There is no disk {disk_id} in {region}.",
            hint="A disk is named by its resource id, in the credential's subscription.",
            provider="azure",
        )
    return resource_id


def read_disk(clients: AzureClients, region: str, disk_id: str) -> Document:
    """Return a disk as Azure returns it; raises NotFound if the region has no such disk."""
    resource_id = parse_disk_id(clients, region, disk_id)
    doing = f"read disk {disk_id} in {region}"
    with azure_errors(doing):
        disk = clients.get(str(resource_id), api_versions.DISKS)
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
        created_at=to_datetime(properties, "timeCreated"),
        attributes={
            "attached_to": [*vms_of(disk)],
            "device": None,
            "encrypted": True,  # Azure encrypts every managed disk at rest
            "iops": number(properties, "diskIOPSReadWrite"),
            "size_gib": number(properties, "diskSizeGB"),
            "snapshot": source_of(disk, "/snapshots/"),
            "throughput_mibps": _to_mebibytes(number(properties, "diskMBpsReadWrite")),
            "type": text(inner(disk, "sku"), "name"),
        },
    )


def vms_of(disk: Mapping[str, Any]) -> list[str]:
    """Return the ids of the VMs that a disk is attached to, sorted."""
    managed_by = [text(disk, "managedBy"), *texts(disk, "managedByExtended")]
    return sorted({vm for vm in map(named, managed_by) if vm})


def unique_disk_id(disk: Mapping[str, Any]) -> str | None:
    """Return the id that no later disk of the same name has, or None if Azure returns none."""
    return text(inner(disk, "properties"), "uniqueId")


def source_of(resource: Mapping[str, Any], kind: str) -> str | None:
    """Return the id of the resource that a disk or snapshot was created from.

    None if it was created from nothing, or if the id does not contain `kind` (`/snapshots/`).
    """
    data = inner(inner(resource, "properties"), "creationData")
    source = named(text(data, "sourceResourceId"))
    return source if source and kind in source else None


def _state(disk: Document) -> tuple[ResourceState | None, str | None]:
    """Return the state and Azure's name for it.

    It is the provisioning state while that is not Succeeded, else the disk state. If Azure
    returns no disk state, the disk is in use if a VM has it.
    """
    changing = provisioning.unsettled_state(disk)
    disk_state = text(inner(disk, "properties"), "diskState")
    if changing is not None or disk_state is None:
        use = ResourceState.IN_USE if vms_of(disk) else ResourceState.AVAILABLE
        return provisioning.state_and_native(disk, use)
    return STATES.get(disk_state, ResourceState.UPDATING), disk_state


def _to_mebibytes(megabytes: float | None) -> float | None:
    # Azure counts throughput in millions of bytes.
    return None if megabytes is None else round(megabytes * 1_000_000 / 1_048_576, 1)
