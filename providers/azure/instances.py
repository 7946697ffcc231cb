"""Virtual machines: reading them, and what they are in our words.

A machine tells neither its addresses nor, in lists, its power state: interfaces, public
addresses and states are lists of their own, put together here.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.azure import versions
from providers.azure.errors import azure_errors
from providers.azure.ids import ResourceId, normal, reference, to_id
from providers.azure.regions import region_of
from providers.azure.states import MachineState, to_state
from skyclust.errors import NotFound
from skyclust.model.instance import Instance
from skyclust.model.resource import Resource, instance_resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

MACHINES: Final = "/providers/Microsoft.Compute/virtualMachines"
KIND: Final = "microsoft.compute/virtualmachines"

TOKEN_TAG: Final = "skyclust-token"  # noqa: S105 - the name of a tag, no secret
"""Holds the token with which SkyClust made a machine, or something for it."""

REQUEST_TAG: Final = "skyclust-request"
"""Holds the fingerprint of the spec that a machine was made from."""


@dataclass(frozen=True)
class Surroundings:
    """What lies around machines, by id: their interfaces and public addresses."""

    interfaces: Mapping[str, Document] = field(default_factory=dict)
    addresses: Mapping[str, Document] = field(default_factory=dict)


def get_instances(clients: AzureClients) -> Iterator[list[Instance]]:
    """Yield the machines of the subscription, page by page.

    The states are read first. A machine that is new since then is asked for alone, and left
    out when it is gone by then: none is lost, and none invented.
    """
    path = clients.subscription + MACHINES
    states = {
        normal(machine["id"]): _statuses(machine)
        for machine in clients.every(path, versions.COMPUTE, statusOnly="true")
    }
    around = get_surroundings(clients)
    for page in clients.pages(path, versions.COMPUTE):
        found: list[Instance] = []
        for machine in page:
            statuses = states.get(normal(machine["id"]))
            if statuses is not None:
                found.append(to_instance(machine, statuses, around))
            elif (alone := _look(clients, machine["id"])) is not None:
                found.append(to_instance(alone, _statuses(alone), around))
        yield found


def get_surroundings(clients: AzureClients) -> Surroundings:
    """Return the interfaces and public addresses of the subscription."""
    network = clients.subscription + "/providers/Microsoft.Network"
    interfaces = clients.every(f"{network}/networkInterfaces", versions.NETWORK)
    addresses = clients.every(f"{network}/publicIPAddresses", versions.NETWORK)
    return Surroundings(
        {normal(one["id"]): one for one in interfaces},
        {normal(one["id"]): one for one in addresses},
    )


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
        machine = clients.get(str(parts), versions.COMPUTE, **{"$expand": "instanceView"})
    if region_of(machine) != region:
        raise NotFound(f"Could not {doing}: it is in {region_of(machine)}.", provider="azure")
    return machine


def get_instance(clients: AzureClients, region: str, instance_id: str) -> Instance:
    """Return one machine as it is now; raises NotFound when Azure knows none."""
    machine = read_machine(clients, region, instance_id)
    return described(clients, machine)


def described(clients: AzureClients, machine: Document) -> Instance:
    """Return a machine that was read with its instance view, and its addresses, read now."""
    with azure_errors(f"read the addresses of instance {normal(machine['id'])}"):
        around = _surroundings_of(clients, machine)
    return to_instance(machine, _statuses(machine), around)


def state_of(machine: Document) -> MachineState:
    """Return the state of a machine that was read with its instance view."""
    return to_state(machine["properties"].get("provisioningState", ""), _statuses(machine))


def find_instances(clients: AzureClients, region: str, token: str) -> list[Instance]:
    """Return the machines of the region that bear the tag of a token.

    All groups are searched: a credential may make its machines in another one by now.
    """
    found: list[Instance] = []
    with azure_errors(f"look for the instance with token {token} in {region}"):
        for machine in clients.every(clients.subscription + MACHINES, versions.COMPUTE):
            if tags_of(machine).get(TOKEN_TAG) != token or region_of(machine) != region:
                continue
            alone = _look(clients, machine["id"])
            if alone is not None:
                found.append(to_instance(alone, _statuses(alone), _surroundings_of(clients, alone)))
    return found


def to_resource(instance: Instance) -> Resource:
    """Return a machine as an inventory resource."""
    return instance_resource(instance)


def to_instance(machine: Document, statuses: Sequence[Document], around: Surroundings) -> Instance:
    """Return a machine of Azure in our words."""
    properties = machine["properties"]
    state = to_state(properties.get("provisioningState", ""), statuses)
    interfaces = _interfaces(properties, around)
    configurations = [one for interface in interfaces for one in _configurations(interface)]
    subnet = next((reference(c.get("subnet")) for c in configurations), None)
    zones = machine.get("zones") or ()
    return Instance(
        provider="azure",
        region=region_of(machine),
        zone=zones[0] if zones else None,
        id=normal(machine["id"]),
        name=machine["name"],
        state=state.state,
        native_state=state.native,
        type=properties.get("hardwareProfile", {}).get("vmSize", ""),
        image=_image(properties.get("storageProfile", {}).get("imageReference") or {}),
        network=subnet.partition("/subnets/")[0] if subnet else None,
        subnet=subnet,
        private_addresses=_unique(c.get("privateIPAddress") for c in configurations),
        public_addresses=_unique(_public_address(c, around) for c in configurations),
        tags=tags_of(machine),
        created_at=to_moment(properties.get("timeCreated")),
        state_reason=state.reason,
        failure=state.failure,
        attributes=_attributes(machine, state, interfaces),
    )


def unique_id(machine: Document) -> str:
    """Return the id that no later machine of the same name has."""
    return normal(machine["properties"]["vmId"])


def tags_of(thing: Document) -> dict[str, str]:
    """Return the tags of anything."""
    return {key: value or "" for key, value in (thing.get("tags") or {}).items()}


def to_moment(written: str | None) -> datetime | None:
    """Return a time of Azure's in UTC."""
    return datetime.fromisoformat(written).astimezone(UTC) if written else None


def disks_of(machine: Document) -> list[str]:
    """Return the ids of a machine's managed disks: the boot disk, then by LUN."""
    storage = machine["properties"].get("storageProfile", {})
    data = sorted(storage.get("dataDisks") or (), key=lambda disk: int(disk.get("lun", 0)))
    found = (reference(disk.get("managedDisk")) for disk in (storage.get("osDisk") or {}, *data))
    return [disk for disk in found if disk]


def _attributes(
    machine: Document, state: MachineState, interfaces: Sequence[Document]
) -> dict[str, JsonValue]:
    properties = machine["properties"]
    disk = properties.get("storageProfile", {}).get("osDisk") or {}
    firewalls = {reference(one["properties"].get("networkSecurityGroup")) for one in interfaces}
    identity = machine.get("identity") or {}
    assigned = sorted(normal(one) for one in identity.get("userAssignedIdentities") or ())
    priority = properties.get("priority") or "Regular"
    return {
        "billed": state.billed,
        "disks": [*disks_of(machine)],
        "firewalls": [*sorted(one for one in firewalls if one)],
        "identity": ", ".join(assigned) or identity.get("type"),
        "lifecycle": "on-demand" if priority == "Regular" else priority.lower(),
        "platform": disk.get("osType"),
    }


def _image(image: Document) -> str | None:
    whole = image.get("id") or image.get("communityGalleryImageId")
    whole = whole or image.get("sharedGalleryImageId")
    if whole:
        return normal(whole)
    if "publisher" not in image:
        return None
    version = image.get("exactVersion") or image.get("version", "latest")
    return f"{image['publisher']}:{image['offer']}:{image['sku']}:{version}"


def interface_ids(machine: Document) -> list[str]:
    """Return the ids of a machine's interfaces, the primary one first."""
    listed = machine["properties"].get("networkProfile", {}).get("networkInterfaces") or []
    ordered = sorted(listed, key=lambda one: not (one.get("properties") or {}).get("primary"))
    return [one for one in map(reference, ordered) if one]


def _interfaces(properties: Document, around: Surroundings) -> list[Document]:
    ids = interface_ids({"properties": properties})
    return [around.interfaces[one] for one in ids if one in around.interfaces]


def _configurations(interface: Document) -> list[Document]:
    listed = interface["properties"].get("ipConfigurations") or []
    inner = [one.get("properties") or {} for one in listed]
    return sorted(inner, key=lambda one: not one.get("primary"))


def _public_address(configuration: Document, around: Surroundings) -> str | None:
    held = around.addresses.get(reference(configuration.get("publicIPAddress")) or "")
    return held["properties"].get("ipAddress") if held else None


def _unique(addresses: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in addresses if one))


def _statuses(machine: Document) -> list[Document]:
    view = machine["properties"].get("instanceView") or {}
    return view.get("statuses") or []


def _look(clients: AzureClients, written_id: str) -> Document | None:
    """Return one machine with its instance view, None when it is gone."""
    return _unless_gone(clients, written_id, versions.COMPUTE, **{"$expand": "instanceView"})


def _surroundings_of(clients: AzureClients, machine: Document) -> Surroundings:
    interfaces: dict[str, Document] = {}
    addresses: dict[str, Document] = {}
    for interface_id in interface_ids(machine):
        interface = _unless_gone(clients, interface_id, versions.NETWORK)
        if interface is None:
            continue
        interfaces[interface_id] = interface
        for configuration in _configurations(interface):
            address_id = reference(configuration.get("publicIPAddress"))
            address = address_id and _unless_gone(clients, address_id, versions.NETWORK)
            if address_id and address:
                addresses[address_id] = address
    return Surroundings(interfaces, addresses)


def _unless_gone(
    clients: AzureClients, thing_id: str, version: str, **query: str
) -> Document | None:
    try:
        with azure_errors(f"read {normal(thing_id)}"):
            return clients.get(thing_id, version, **query)
    except NotFound:
        return None
