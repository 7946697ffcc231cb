"""Disks: managed disks.

Source: https://learn.microsoft.com/en-us/rest/api/compute/disks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure import versions
from providers.azure.errors import azure_errors
from providers.azure.ids import ResourceId, normal, to_id
from providers.azure.instances import tags_of, to_moment
from providers.azure.provisioning import native, unsettled
from providers.azure.regions import region_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

KIND: Final = "microsoft.compute/disks"

# DiskState of the API. A disk of a deallocated machine is Reserved.
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
        disk = clients.get(str(parts), versions.DISKS)
    if region_of(disk) != region:
        raise NotFound(f"Could not {doing}: it is in {region_of(disk)}.", provider="azure")
    return disk


def to_disk(disk: Document) -> Resource:
    """Return a disk as an inventory resource."""
    properties = disk["properties"]
    disk_state = properties.get("diskState")
    state = unsettled(disk)
    zones = disk.get("zones") or ()
    return Resource(
        provider="azure",
        region=region_of(disk),
        kind=ResourceKind.DISK,
        id=normal(disk["id"]),
        name=disk["name"],
        zone=zones[0] if zones else None,
        state=state or STATES.get(disk_state, ResourceState.UPDATING),
        native_state=native(disk) if state or not disk_state else disk_state,
        tags=tags_of(disk),
        created_at=to_moment(properties.get("timeCreated")),
        attributes={
            "attached_to": [*holders(disk)],
            "device": None,
            "encrypted": True,  # Azure encrypts every managed disk at rest
            "iops": properties.get("diskIOPSReadWrite"),
            "size_gib": properties.get("diskSizeGB"),
            "snapshot": source_of(disk, "/snapshots/"),
            "throughput_mibps": _mebibytes(properties.get("diskMBpsReadWrite")),
            "type": (disk.get("sku") or {}).get("name"),
        },
    )


def holders(disk: Document) -> list[str]:
    """Return the ids of the machines that a disk is attached to, sorted."""
    named = [disk.get("managedBy"), *(disk.get("managedByExtended") or ())]
    return sorted({normal(one) for one in named if one})


def source_of(thing: Document, kind: str) -> str | None:
    """Return the id of what a disk or snapshot was made of, if that is of a kind."""
    made_of = (thing["properties"].get("creationData") or {}).get("sourceResourceId")
    found = normal(made_of) if made_of else ""
    return found if kind in found else None


def _mebibytes(megabytes: float | None) -> float | None:
    # Azure counts throughput in millions of bytes.
    return None if megabytes is None else round(megabytes * 1_000_000 / 1_048_576, 1)
