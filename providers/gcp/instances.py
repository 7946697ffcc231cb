"""Instances: reading them, and what they are in our words.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp import fields
from providers.gcp.images import architecture_of, platform_of
from providers.gcp.interfaces import Interface, to_interface
from providers.gcp.labels import TOKEN, to_label
from providers.gcp.links import Link, ending, id_in, name_of, own_link, read_instance_id
from providers.gcp.paging import things
from providers.gcp.regions import get_zones
from providers.gcp.timestamps import moment_of, text_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

# https://cloud.google.com/compute/docs/instances/instance-lifecycle
STATES: Final = {
    "PENDING": InstanceState.PENDING,
    "PROVISIONING": InstanceState.PENDING,
    "STAGING": InstanceState.PENDING,
    "RUNNING": InstanceState.RUNNING,
    "PENDING_STOP": InstanceState.STOPPING,
    "STOPPING": InstanceState.STOPPING,
    "STOPPED": InstanceState.STOPPED,
    "TERMINATED": InstanceState.STOPPED,
    "SUSPENDING": InstanceState.SUSPENDED,
    "SUSPENDED": InstanceState.SUSPENDED,
    "REPAIRING": InstanceState.UPDATING,
    "DEPROVISIONING": InstanceState.DELETING,
}


def fetch_instance(clients: GcpClients, region: str, instance_id: str) -> Answer:
    """Return an instance as Compute Engine writes it, read by its number.

    Raises NotFound when there is none, whoever has its name now.
    """
    zone, _, number = read_instance_id(region, instance_id)
    doing = f"read instance {instance_id} in {region}"
    machine = clients.read(f"zones/{zone}/instances/{number}", doing, kind="instance")
    if number_of(machine) != number:
        raise UnexpectedAnswer(f"Could not {doing}: another one was answered.", provider="gcp")
    return machine


def fetch_same(clients: GcpClients, instance: InstanceReference) -> Answer:
    """Return the very instance that a change is meant for; raises NotFound for any other."""
    machine = fetch_instance(clients, instance.region, instance.id)
    require_same_instance(instance, number_of(machine), provider="gcp")
    return machine


def get_instance(clients: GcpClients, region: str, instance_id: str) -> Instance:
    """Return one instance as it is now; raises NotFound when there is none."""
    return to_instance(region, fetch_instance(clients, region, instance_id))


def find_instances(clients: GcpClients, region: str, token: str) -> list[Instance]:
    """Return the instances in a region whose label carries a token."""
    return [to_instance(region, machine) for machine in fetch_by_token(clients, region, token)]


def fetch_by_token(clients: GcpClients, region: str, token: str) -> Iterator[Answer]:
    """Yield the instances in a region whose label carries a token, as Compute Engine has them."""
    label = to_label(token)
    doing = f"look for the instance with token {label} in {region}"
    for zone in get_zones(clients, region):
        wanted = f'labels.{TOKEN} = "{label}"'
        for machine in things(clients, f"zones/{zone}/instances", doing, filter=wanted):
            # Also where a filter is not understood nobody else's machine is taken for ours.
            if fields.labels(machine).get(TOKEN) == label:
                yield machine


def number_of(machine: Answer) -> str:
    """Return the number that an instance alone has; raises UnexpectedAnswer without one."""
    number = fields.number(machine, "id")
    if not number:
        raise UnexpectedAnswer("The instance has no 'id'.", provider="gcp")
    return str(number)


def status_of(machine: Answer) -> str:
    """Return Compute Engine's word for an instance's state; raises UnexpectedAnswer without."""
    return fields.required_text(machine, "status")


def state_of(machine: Answer) -> InstanceState:
    """Return an instance's state; one that Compute Engine adds one day is UPDATING."""
    return STATES.get(status_of(machine), InstanceState.UPDATING)


def zone_of(machine: Answer) -> str:
    """Return the zone that an instance is in, by its own link."""
    return own_link(machine).place


def to_resource(region: str, machine: Answer) -> Resource:
    """Return an instance as an inventory resource."""
    return instance_resource(to_instance(region, machine))


def to_instance(region: str, machine: Answer) -> Instance:
    """Return an instance of Compute Engine in our words.

    Raises UnexpectedAnswer for one without a link, a number, a status or a type.
    """
    link = own_link(machine)
    number, native_state = number_of(machine), status_of(machine)
    interfaces = [
        to_interface(one, link.project) for one in fields.parts(machine, "networkInterfaces")
    ]
    first = interfaces[0] if interfaces else Interface()
    return Instance(
        provider="gcp",
        region=region,
        zone=link.place,
        id=f"{link.place}/{link.name}/{number}",
        unique_id=number,
        name=name_of(machine, link),
        state=STATES.get(native_state, InstanceState.UPDATING),
        native_state=native_state,
        type=ending(fields.required_text(machine, "machineType")),
        network=first.network,
        subnet=first.subnet,
        private_addresses=_distinct([one.private_addresses for one in interfaces]),
        public_addresses=_distinct([one.public_addresses for one in interfaces]),
        tags=fields.labels(machine),
        created_at=moment_of(machine, "creationTimestamp"),
        state_reason=fields.text(machine, "statusMessage"),
        attributes=_attributes(machine, link, interfaces),
    )


def _distinct(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([one for addresses in lists for one in addresses]))


def _attributes(machine: Answer, link: Link, interfaces: list[Interface]) -> dict[str, JsonValue]:
    disks = sorted(fields.parts(machine, "disks"), key=_index)
    boot: Answer = next((disk for disk in disks if fields.flag(disk, "boot")), {})
    accounts = [fields.text(one, "email") for one in fields.parts(machine, "serviceAccounts")]
    sources = [id_in(disk, "source", link.project) for disk in disks]
    more: dict[str, JsonValue] = {}
    if len(interfaces) > 1 or any(one.alias_ranges for one in interfaces):
        # Of a single interface the instance itself has all else.
        more["interfaces"] = [one.to_json() for one in interfaces]
    return {
        "architecture": architecture_of(boot),
        "disks": [source for source in sources if source is not None],
        "identity": accounts[0] if accounts else None,
        "launched_at": text_of(machine, "lastStartTimestamp"),
        "lifecycle": _lifecycle(fields.part(machine, "scheduling")),
        "platform": platform_of(boot),
        **more,
    }


def _index(disk: Answer) -> tuple[bool, int]:
    index = fields.number(disk, "index")
    return (index is None, index or 0)


def _lifecycle(scheduling: Answer) -> str | None:
    """Return the way of paying, None when nothing tells it.

    A preemptible machine is the older word for spot, and one that is not is no spot machine
    (https://cloud.google.com/compute/docs/instances/provisioning-models).
    """
    preemptible = fields.flag(scheduling, "preemptible")
    model = fields.text(scheduling, "provisioningModel")
    if preemptible:
        return "spot"
    if model is None:
        return None if preemptible is None else "on-demand"
    return "on-demand" if model == "STANDARD" else model.lower().replace("_", "-")
