"""Virtual machines: reading them, and what they are in our words.

A machine does not tell its addresses: those of its interfaces are put together with it here.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, number, objects, required, text
from providers.azure.ids import ResourceId, named, normal, reference, to_id
from providers.azure.interfaces import (
    Interface,
    Surroundings,
    interfaces_of,
    surroundings_of,
    unless_gone,
)
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_moment, zone_of
from providers.azure.states import MachineState, to_state
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.instance import Instance, InstanceReference
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

MACHINES: Final = "/providers/Microsoft.Compute/virtualMachines"
KIND: Final = "microsoft.compute/virtualmachines"

TOKEN_TAG: Final = "skyclust-token"  # noqa: S105 - the name of a tag, no secret
"""Holds the token with which SkyClust made a machine, or something for it."""

REQUEST_TAG: Final = "skyclust-request"
"""Holds the fingerprint of the spec that a machine was made from."""

EXPANDED: Final = {"$expand": "instanceView"}
"""Asks for a machine with its states."""


def machine_id(clients: AzureClients, region: str, instance_id: str) -> ResourceId:
    """Return the id of a machine in its parts; raises NotFound for what no machine here has."""
    parts = to_id(instance_id)
    if parts is None or parts.kind != KIND or parts.subscription != clients.subscription_id:
        raise NotFound(
            f"There is no instance {instance_id} in {region}.",
            hint="An instance is named by its resource id, in the credential's subscription.",
            provider="azure",
        )
    return parts


def read_machine(clients: AzureClients, region: str, instance_id: str) -> Document:
    """Return a machine with its instance view; raises NotFound when the region has none."""
    parts = machine_id(clients, region, instance_id)
    doing = f"read instance {instance_id} in {region}"
    with azure_errors(doing):
        machine = clients.get(str(parts), api_versions.COMPUTE, **EXPANDED)
    if location_of(machine) != region:
        raise NotFound(f"Could not {doing}: it is in {location_of(machine)}.", provider="azure")
    return machine


def read_same(clients: AzureClients, instance: InstanceReference) -> Document:
    """Return the very machine that is meant, with its instance view.

    Raises NotFound when it is gone, also where another machine has its name by now.
    """
    machine = read_machine(clients, instance.region, instance.id)
    require_same_instance(instance, unique_id(machine), provider="azure")
    return machine


def look_for_same(clients: AzureClients, instance: InstanceReference) -> Document | None:
    """Return the very machine that is meant, None when there is none of its name.

    Raises NotFound when another machine has its name, or it is in another region.
    """
    try:
        machine = read_machine(clients, instance.region, instance.id)
    except NotFound as error:
        if not error.code:  # it is there, in another region, or the id is none of a machine here
            raise
        return None
    require_same_instance(instance, unique_id(machine), provider="azure")
    return machine


def get_instance(clients: AzureClients, region: str, instance_id: str) -> Instance:
    """Return one machine as it is now; raises NotFound when Azure knows none."""
    machine = read_machine(clients, region, instance_id)
    return described(clients, machine)


def described(clients: AzureClients, machine: Document) -> Instance:
    """Return a machine that was read with its instance view, and its addresses, read now."""
    with azure_errors(f"read the addresses of instance {id_of(machine)}"):
        around = surroundings_of(clients, machine)
    return to_instance(machine, around)


def state_of(machine: Mapping[str, Any]) -> MachineState:
    """Return the state of a machine that was read with its instance view."""
    properties = inner(machine, "properties")
    statuses = objects(inner(properties, "instanceView"), "statuses")
    return to_state(text(properties, "provisioningState"), statuses)


def find_instances(clients: AzureClients, region: str, token: str) -> list[Instance]:
    """Return the machines of the region that bear the tag of a token.

    All groups are searched: a credential may make its machines in another one by now.
    """
    found: list[Instance] = []
    with azure_errors(f"look for the instance with token {token} in {region}"):
        for machine in clients.every(clients.subscription + MACHINES, api_versions.COMPUTE):
            if tags_of(machine).get(TOKEN_TAG) != token or location_of(machine) != region:
                continue
            alone = unless_gone(clients, id_of(machine), api_versions.COMPUTE, **EXPANDED)
            if alone is not None:
                found.append(to_instance(alone, surroundings_of(clients, alone)))
    return found


def to_instance(machine: Document, around: Surroundings) -> Instance:
    """Return a machine of Azure in our words, with the state that its instance view tells."""
    properties = inner(machine, "properties")
    state = state_of(machine)
    interfaces = interfaces_of(machine, around)
    first = next((one for one in interfaces if one.subnet), None)
    return Instance(
        provider="azure",
        region=location_of(machine),
        zone=zone_of(machine),
        id=id_of(machine),
        unique_id=unique_id(machine),
        name=name_of(machine),
        state=state.state,
        native_state=state.native,
        type=size_of(machine),
        image=_image(inner(inner(properties, "storageProfile"), "imageReference")),
        network=first.network if first else None,
        subnet=first.subnet if first else None,
        private_addresses=_once(one.private_addresses for one in interfaces),
        public_addresses=_once(one.public_addresses for one in interfaces),
        tags=tags_of(machine),
        created_at=to_moment(properties, "timeCreated"),
        state_reason=state.reason,
        failure=state.failure,
        attributes=_attributes(machine, state, interfaces),
    )


def unique_id(machine: Mapping[str, Any]) -> str:
    """Return the id that no later machine of the same name has."""
    return normal(required(inner(machine, "properties"), "vmId"))


def size_of(machine: Mapping[str, Any]) -> str | None:
    """Return the size of a machine, None where Azure tells none."""
    return text(inner(inner(machine, "properties"), "hardwareProfile"), "vmSize")


def data_disks(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a machine says of its data disks, by their logical unit numbers."""
    listed = objects(inner(inner(machine, "properties"), "storageProfile"), "dataDisks")
    if len(listed) < 2:
        return listed
    return sorted(listed, key=lambda disk: number(disk, "lun") or 0)


def disks_to_change(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a machine says of its data disks, to be sent back with a change.

    Raises UnexpectedAnswer for an answer without the list: what is not sent back is detached.
    """
    storage = inner(inner(machine, "properties"), "storageProfile")
    if storage.get("dataDisks") is None:
        raise UnexpectedAnswer(f"Azure tells no data disks of {id_of(machine)}.", provider="azure")
    return objects(storage, "dataDisks")


def boot_disk(machine: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a machine says of its boot disk; empty where it says nothing."""
    return inner(inner(inner(machine, "properties"), "storageProfile"), "osDisk")


def disks_of(machine: Mapping[str, Any]) -> list[str]:
    """Return the ids of a machine's managed disks: the boot disk, then by LUN."""
    found = (reference(disk, "managedDisk") for disk in (boot_disk(machine), *data_disks(machine)))
    return [disk for disk in found if disk]


def _attributes(
    machine: Document, state: MachineState, interfaces: Sequence[Interface]
) -> dict[str, JsonValue]:
    firewalls = {one.firewall for one in interfaces if one.firewall}
    identity = inner(machine, "identity")
    assigned = sorted(map(normal, inner(identity, "userAssignedIdentities")))
    priority = text(inner(machine, "properties"), "priority") or "Regular"
    return {
        "billed": state.billed,
        "disks": [*disks_of(machine)],
        "firewalls": [*sorted(firewalls)],
        "identity": ", ".join(assigned) or text(identity, "type"),
        "interfaces": [one.described() for one in interfaces],
        "lifecycle": "on-demand" if priority == "Regular" else priority.lower(),
        "platform": text(boot_disk(machine), "osType"),
    }


def _image(image: Mapping[str, Any]) -> str | None:
    """Return the id of an image, or its URN as it was resolved."""
    for name in ("id", "communityGalleryImageId", "sharedGalleryImageId"):
        if whole := named(text(image, name)):
            return whole
    version = text(image, "exactVersion") or text(image, "version")
    parts = [text(image, name) for name in ("publisher", "offer", "sku")]
    told = [one for one in (*parts, version) if one]
    return ":".join(told) if len(told) == 4 else None


def _once(addresses: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for several in addresses for one in several))
