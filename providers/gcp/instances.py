"""Instances: reading them, and what they are in our words.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.gcp.labels import TOKEN, to_label
from providers.gcp.links import ending, home_of, read_instance_id, to_id, to_instance_id
from providers.gcp.lists import pages
from providers.gcp.moments import to_moment, to_text
from providers.gcp.regions import get_zones
from skyclust.errors import NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, instance_resource

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
    """Return an instance as Compute Engine writes it.

    Raises NotFound when there is none, and when another one has its name now.
    """
    zone, name, number = read_instance_id(region, instance_id)
    doing = f"read instance {instance_id} in {region}"
    machine = clients.read(f"zones/{zone}/instances/{name}", doing)
    if machine["id"] != number:
        raise NotFound(
            f"Could not {doing}: it is gone, and another instance has its name.", provider="gcp"
        )
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
        for page in pages(clients, f"zones/{zone}/instances", doing, filter=wanted):
            yield from page


def to_resource(region: str, machine: Answer) -> Resource:
    """Return an instance as an inventory resource."""
    return instance_resource(to_instance(region, machine))


def to_instance(region: str, machine: Answer) -> Instance:
    """Return an instance of Compute Engine in our words.

    A state that Compute Engine adds one day is UPDATING: busy with something we do not know.
    """
    home = home_of(machine["selfLink"])
    native_state = machine["status"]
    interfaces = machine.get("networkInterfaces", ())
    first = interfaces[0] if interfaces else {}
    return Instance(
        provider="gcp",
        region=region,
        zone=ending(machine["zone"]),
        id=to_instance_id(machine["selfLink"], machine["id"]),
        name=machine["name"],
        state=STATES.get(native_state, InstanceState.UPDATING),
        native_state=native_state,
        type=ending(machine["machineType"]),
        network=to_id(first["network"], home) if "network" in first else None,
        subnet=to_id(first["subnetwork"], home) if "subnetwork" in first else None,
        private_addresses=tuple(i["networkIP"] for i in interfaces if "networkIP" in i),
        public_addresses=_public_addresses(machine),
        tags=machine.get("labels", {}),
        created_at=to_moment(machine.get("creationTimestamp")),
        state_reason=machine.get("statusMessage") or None,
        attributes=_attributes(machine, home),
    )


def _attributes(machine: Answer, home: str) -> dict[str, JsonValue]:
    disks = sorted(machine.get("disks", ()), key=lambda disk: int(disk.get("index", 0)))
    boot: Answer = next((disk for disk in disks if disk.get("boot")), {})
    accounts = [account["email"] for account in machine.get("serviceAccounts", ())]
    return {
        "architecture": boot.get("architecture", "").lower() or None,
        "disks": [to_id(disk["source"], home) for disk in disks if "source" in disk],
        "identity": accounts[0] if accounts else None,
        "launched_at": to_text(
            machine.get("lastStartTimestamp") or machine.get("creationTimestamp")
        ),
        "lifecycle": _lifecycle(machine.get("scheduling", {})),
        "platform": next((ending(one) for one in boot.get("licenses", ())), None),
    }


def _lifecycle(scheduling: Answer) -> str:
    # https://cloud.google.com/compute/docs/instances/provisioning-models; a preemptible machine
    # is the older word for spot.
    if scheduling.get("preemptible"):
        return "spot"
    model = str(scheduling.get("provisioningModel", "STANDARD"))
    return "on-demand" if model == "STANDARD" else model.lower().replace("_", "-")


def _public_addresses(machine: Answer) -> tuple[str, ...]:
    found: list[str] = []
    for interface in machine.get("networkInterfaces", ()):
        found += [one["natIP"] for one in interface.get("accessConfigs", ()) if one.get("natIP")]
        found += [
            one["externalIpv6"]
            for one in interface.get("ipv6AccessConfigs", ())
            if one.get("externalIpv6")
        ]
    return tuple(dict.fromkeys(found))
