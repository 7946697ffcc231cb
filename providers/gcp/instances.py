"""Fetching instances, and mapping them to SkyClust's model.

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
from providers.gcp.links import Link, id_in, last_segment, name_of, parse_instance_id, self_link
from providers.gcp.paging import list_all
from providers.gcp.regions import get_zones
from providers.gcp.timestamps import iso_timestamp_of, timestamp_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

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


def fetch_instance(clients: GcpClients, region: str, instance_id: str) -> JsonObject:
    """Return an instance as the API returns it, fetched by its numeric id.

    Raises NotFound when it does not exist, also when another instance has its name now.
    """
    zone, _, number = parse_instance_id(region, instance_id)
    doing = f"read instance {instance_id} in {region}"
    vm = clients.get(f"zones/{zone}/instances/{number}", doing, kind="instance")
    if numeric_id_of(vm) != number:
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer is another instance.", provider="gcp"
        )
    return vm


def fetch_same_instance(clients: GcpClients, instance: InstanceReference) -> JsonObject:
    """Return the instance of a reference; raises NotFound when its `unique_id` differs."""
    vm = fetch_instance(clients, instance.region, instance.id)
    require_same_instance(instance, numeric_id_of(vm), provider="gcp")
    return vm


def fetch_by_token(clients: GcpClients, region: str, token: str) -> Iterator[JsonObject]:
    """Yield the instances of a region whose token label has a value, as the API returns them."""
    label = to_label(token)
    doing = f"look for the instance with token {label} in {region}"
    label_filter = f'labels.{TOKEN} = "{label}"'
    for zone in get_zones(clients, region):
        for vm in list_all(clients, f"zones/{zone}/instances", doing, filter=label_filter):
            # An endpoint that ignores the filter returns other instances as well.
            if fields.labels(vm).get(TOKEN) == label:
                yield vm


def numeric_id_of(vm: JsonObject) -> str:
    """Return the numeric id that Compute Engine assigned; raises UnexpectedAnswer without it."""
    number = fields.integer(vm, "id")
    if not number:
        raise UnexpectedAnswer("The instance has no 'id'.", provider="gcp")
    return str(number)


def status_of(vm: JsonObject) -> str:
    """Return Compute Engine's status of an instance; raises UnexpectedAnswer without it."""
    return fields.required_text(vm, "status")


def state_of(vm: JsonObject) -> InstanceState:
    """Return the state of an instance; a status that is not in `STATES` is UPDATING."""
    return STATES.get(status_of(vm), InstanceState.UPDATING)


def zone_of(vm: JsonObject) -> str:
    """Return the zone of an instance, from its `selfLink`."""
    return self_link(vm).location


def to_resource(region: str, vm: JsonObject) -> Resource:
    """Return an instance as an inventory resource."""
    return instance_resource(to_instance(region, vm))


def to_instance(region: str, vm: JsonObject) -> Instance:
    """Return the model of an instance.

    Raises UnexpectedAnswer for an instance without a link, a numeric id, a status or a type.
    """
    link = self_link(vm)
    number, native_state = numeric_id_of(vm), status_of(vm)
    interfaces = [
        to_interface(interface, link.project)
        for interface in fields.objects(vm, "networkInterfaces")
    ]
    primary = interfaces[0] if interfaces else Interface()
    return Instance(
        provider="gcp",
        region=region,
        zone=link.location,
        id=f"{link.location}/{link.name}/{number}",
        unique_id=number,
        name=name_of(vm, link),
        state=state_of(vm),
        native_state=native_state,
        type=last_segment(fields.required_text(vm, "machineType")),
        network=primary.network,
        subnet=primary.subnet,
        private_addresses=_distinct([interface.private_addresses for interface in interfaces]),
        public_addresses=_distinct([interface.public_addresses for interface in interfaces]),
        tags=fields.labels(vm),
        created_at=timestamp_of(vm, "creationTimestamp"),
        state_reason=fields.text(vm, "statusMessage"),
        attributes=_attributes(vm, link, interfaces),
    )


def _distinct(lists: list[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([address for addresses in lists for address in addresses]))


def _attributes(vm: JsonObject, link: Link, interfaces: list[Interface]) -> dict[str, JsonValue]:
    disks = sorted(fields.objects(vm, "disks"), key=_index)
    boot_disk: JsonObject = next((disk for disk in disks if fields.flag(disk, "boot")), {})
    accounts = [fields.text(account, "email") for account in fields.objects(vm, "serviceAccounts")]
    disk_ids = [id_in(disk, "source", link.project) for disk in disks]
    more: dict[str, JsonValue] = {}
    if len(interfaces) > 1 or any(interface.alias_ranges for interface in interfaces):
        # All other data of a single interface are fields of the instance.
        more["interfaces"] = [interface.to_json() for interface in interfaces]
    return {
        "architecture": architecture_of(boot_disk),
        "disks": [disk_id for disk_id in disk_ids if disk_id is not None],
        "identity": accounts[0] if accounts else None,
        "launched_at": iso_timestamp_of(vm, "lastStartTimestamp"),
        "lifecycle": _lifecycle(fields.inner(vm, "scheduling")),
        "platform": platform_of(boot_disk),
        **more,
    }


def _index(disk: JsonObject) -> tuple[bool, int]:
    index = fields.integer(disk, "index")
    return (index is None, index or 0)


def _lifecycle(scheduling: JsonObject) -> str | None:
    """Return the provisioning model, None when no field states it.

    `preemptible` is the older field for spot instances; false means that it is not a spot instance
    (https://cloud.google.com/compute/docs/instances/provisioning-models).
    """
    preemptible = fields.flag(scheduling, "preemptible")
    model = fields.text(scheduling, "provisioningModel")
    if preemptible:
        return "spot"
    if model is None:
        return None if preemptible is None else "on-demand"
    return "on-demand" if model == "STANDARD" else model.lower().replace("_", "-")
