"""Virtual machines: reading them, and converting them to instances.

A VM refers to its interfaces and does not contain its addresses: the interfaces and public
addresses are read separately and passed to `to_instance`.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, objects, required, text
from providers.azure.ids import ResourceId, named, normal, reference, to_id
from providers.azure.interfaces import (
    Interface,
    NetworkIndex,
    interfaces_of,
    read_network_index,
)
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_datetime, zone_of
from providers.azure.states import VmState, to_state
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.instance import Instance, InstanceReference
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

VIRTUAL_MACHINES: Final = "/providers/Microsoft.Compute/virtualMachines"
KIND: Final = "microsoft.compute/virtualmachines"

EXPANDED: Final = {"$expand": "instanceView"}
"""The query that includes a VM's instance view, which contains its states."""


def vm_id(clients: AzureClients, region: str, instance_id: str) -> ResourceId:
    """Return the parsed resource id of a VM.

    Raises NotFound for anything but the id of a VM in the credential's subscription.
    """
    resource_id = to_id(instance_id)
    if (
        resource_id is None
        or resource_id.kind != KIND
        or resource_id.subscription != clients.subscription_id
    ):
        raise NotFound(
            f"There is no instance {instance_id} in {region}.",
            hint="An instance is named by its resource id, in the credential's subscription.",
            provider="azure",
        )
    return resource_id


def read_vm(clients: AzureClients, region: str, instance_id: str) -> Document:
    """Return a VM with its instance view; raises NotFound if the region has no such VM."""
    resource_id = vm_id(clients, region, instance_id)
    doing = f"read instance {instance_id} in {region}"
    with azure_errors(doing):
        vm = clients.get(str(resource_id), api_versions.COMPUTE, **EXPANDED)
    if location_of(vm) != region:
        raise NotFound(f"Could not {doing}: it is in {location_of(vm)}.", provider="azure")
    return vm


def read_same_vm(clients: AzureClients, instance: InstanceReference) -> Document:
    """Return the VM with the reference's id and vmId, with its instance view.

    Raises NotFound if it is gone, also where another VM has its name by now.
    """
    vm = read_vm(clients, instance.region, instance.id)
    require_same_instance(instance, unique_id(vm), provider="azure")
    return vm


def find_same_vm(clients: AzureClients, instance: InstanceReference) -> Document | None:
    """Return the VM with the reference's id and vmId, or None if no VM has the name.

    Raises NotFound if another VM has the name, or if the VM is in another region.
    """
    try:
        vm = read_vm(clients, instance.region, instance.id)
    except NotFound as error:
        # Without a code from Azure, the VM is in another region or the id is no VM's id.
        if not error.code:
            raise
        return None
    require_same_instance(instance, unique_id(vm), provider="azure")
    return vm


def read_addresses(clients: AzureClients, vm: Document) -> Instance:
    """Return a VM, read with its instance view, as an instance; its addresses are read here."""
    with azure_errors(f"read the addresses of instance {id_of(vm)}"):
        network = read_network_index(clients, vm)
    return to_instance(vm, network)


def state_of(vm: Mapping[str, Any]) -> VmState:
    """Return the state of a VM that was read with its instance view."""
    properties = inner(vm, "properties")
    statuses = objects(inner(properties, "instanceView"), "statuses")
    return to_state(text(properties, "provisioningState"), statuses)


def to_instance(vm: Document, network: NetworkIndex) -> Instance:
    """Return a VM as an instance, with the state from its instance view."""
    properties = inner(vm, "properties")
    state = state_of(vm)
    interfaces = interfaces_of(vm, network)
    first = next((interface for interface in interfaces if interface.subnet), None)
    return Instance(
        provider="azure",
        region=location_of(vm),
        zone=zone_of(vm),
        id=id_of(vm),
        unique_id=unique_id(vm),
        name=name_of(vm),
        state=state.state,
        native_state=state.native,
        type=size_of(vm),
        image=_image(inner(inner(properties, "storageProfile"), "imageReference")),
        network=first.network if first else None,
        subnet=first.subnet if first else None,
        private_addresses=_distinct(interface.private_addresses for interface in interfaces),
        public_addresses=_distinct(interface.public_addresses for interface in interfaces),
        tags=tags_of(vm),
        created_at=to_datetime(properties, "timeCreated"),
        state_reason=state.reason,
        failure=state.failure,
        attributes=_attributes(vm, state, interfaces),
    )


def unique_id(vm: Mapping[str, Any]) -> str:
    """Return the vmId, which no later VM of the same name has."""
    return normal(required(inner(vm, "properties"), "vmId"))


def size_of(vm: Mapping[str, Any]) -> str | None:
    """Return the size of a VM, or None if Azure returns none."""
    return text(inner(inner(vm, "properties"), "hardwareProfile"), "vmSize")


def data_disks(vm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of a VM's `dataDisks`, sorted by logical unit number."""
    entries = objects(inner(inner(vm, "properties"), "storageProfile"), "dataDisks")
    if len(entries) < 2:
        return entries
    return sorted(entries, key=lambda disk: number(disk, "lun") or 0)


def data_disks_for_update(vm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of a VM's `dataDisks`, to be sent back in an update of the list.

    Raises UnexpectedAnswer if the VM has no such list: Azure detaches every disk that an update
    leaves out.
    """
    storage = inner(inner(vm, "properties"), "storageProfile")
    if storage.get("dataDisks") is None:
        raise UnexpectedAnswer(
            f"Azure returned no list of the data disks of {id_of(vm)}.", provider="azure"
        )
    return objects(storage, "dataDisks")


def os_disk(vm: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a VM's `osDisk`; empty if Azure returns none."""
    return inner(inner(inner(vm, "properties"), "storageProfile"), "osDisk")


def disks_of(vm: Mapping[str, Any]) -> list[str]:
    """Return the ids of a VM's managed disks: the OS disk, then the data disks by LUN."""
    ids = (reference(disk, "managedDisk") for disk in (os_disk(vm), *data_disks(vm)))
    return [disk_id for disk_id in ids if disk_id]


def _attributes(
    vm: Document, state: VmState, interfaces: Sequence[Interface]
) -> dict[str, JsonValue]:
    firewalls = {interface.firewall for interface in interfaces if interface.firewall}
    identity = inner(vm, "identity")
    assigned = sorted(map(normal, inner(identity, "userAssignedIdentities")))
    priority = text(inner(vm, "properties"), "priority") or "Regular"
    return {
        "billed": state.billed,
        "disks": [*disks_of(vm)],
        "firewalls": [*sorted(firewalls)],
        "identity": ", ".join(assigned) or text(identity, "type"),
        "interfaces": [interface.to_attribute() for interface in interfaces],
        "lifecycle": "on-demand" if priority == "Regular" else priority.lower(),
        "platform": text(os_disk(vm), "osType"),
    }


def _image(image: Mapping[str, Any]) -> str | None:
    """Return the id of an image, or its URN with the version that was resolved."""
    for name in ("id", "communityGalleryImageId", "sharedGalleryImageId"):
        if image_id := named(text(image, name)):
            return image_id
    version = text(image, "exactVersion") or text(image, "version")
    fields = [*(text(image, name) for name in ("publisher", "offer", "sku")), version]
    urn = [field for field in fields if field]
    return ":".join(urn) if len(urn) == 4 else None


def _distinct(addresses: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for several in addresses for each in several))
