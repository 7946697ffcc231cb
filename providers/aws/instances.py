"""EC2 instances: reading them, and what they are in our words.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.aws.interfaces import (
    device_index,
    group_ids,
    private_addresses,
    public_addresses,
    to_interface,
)
from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_tags
from skyclust.errors import NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceNetworkInterfaceTypeDef, InstanceTypeDef

    from providers.aws.client import AwsClients

# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
STATES: Final = {
    "pending": InstanceState.PENDING,
    "running": InstanceState.RUNNING,
    "stopping": InstanceState.STOPPING,
    "stopped": InstanceState.STOPPED,
    "shutting-down": InstanceState.DELETING,
    "terminated": InstanceState.DELETED,
}
_EXISTING: Final = [
    native for native, state in STATES.items() if state is not InstanceState.DELETED
]


def get_instances(
    clients: AwsClients, region: str, page_size: int
) -> Iterator[Sequence[InstanceTypeDef]]:
    """Yield the instances of a region, page by page, those that are terminated too."""
    size = {"PageSize": page_size}
    ec2 = clients.ec2(region)
    for page in get_pages(ec2, "describe_instances", "Reservations", PaginationConfig=size):
        yield _instances_of(page)


def get_instance(clients: AwsClients, region: str, instance_id: str) -> Instance:
    """Return one instance as it is now; raises NotFound when EC2 knows none."""
    return to_instance(region, describe_instance(clients, region, instance_id))


def describe_instance(clients: AwsClients, region: str, instance_id: str) -> InstanceTypeDef:
    """Return what EC2 tells of one instance; raises NotFound when it knows none."""
    doing = f"read instance {instance_id} in {region}"
    with regional_errors(clients, region, doing):
        answer = clients.ec2(region).describe_instances(InstanceIds=[instance_id])
        reservations = require_list(answer, "Reservations", doing=doing, provider="aws")
        for machine in _instances_of(reservations):
            if machine["InstanceId"] == instance_id:
                return machine
    raise NotFound(f"Could not {doing}: there is none.", provider="aws")


def find_instances(clients: AwsClients, region: str, client_token: str) -> list[Instance]:
    """Return the instances tagged with a client token that are not terminated."""
    filters = [
        {"Name": f"tag:{TOKEN_TAG}", "Values": [client_token]},
        {"Name": "instance-state-name", "Values": _EXISTING},
    ]
    ec2 = clients.ec2(region)
    with regional_errors(
        clients, region, f"look for the instance with token {client_token} in {region}"
    ):
        return [
            to_instance(region, machine)
            for page in get_pages(ec2, "describe_instances", "Reservations", Filters=filters)
            for machine in _instances_of(page)
        ]


def _instances_of(reservations: Sequence[Mapping[str, Any]]) -> list[InstanceTypeDef]:
    return [machine for one in reservations for machine in one.get("Instances") or ()]


def to_resource(region: str, machine: InstanceTypeDef) -> Resource | None:
    """Return an instance as an inventory resource; None for one that is terminated.

    EC2 lists a terminated instance for about an hour more.
    """
    instance = to_instance(region, machine)
    return None if instance.state is InstanceState.DELETED else instance_resource(instance)


def to_instance(region: str, machine: InstanceTypeDef) -> Instance:
    """Return an instance of EC2 in our words.

    A state that EC2 adds one day is UPDATING: busy with something we do not know.
    """
    tags = to_tags(machine.get("Tags"))
    native_state = machine["State"]["Name"]
    interfaces = sorted(machine.get("NetworkInterfaces") or (), key=device_index)
    return Instance(
        provider="aws",
        region=region,
        zone=(machine.get("Placement") or {}).get("AvailabilityZone"),
        id=machine["InstanceId"],
        unique_id=machine["InstanceId"],
        name=tags.get(NAME_TAG, ""),
        state=STATES.get(native_state, InstanceState.UPDATING),
        native_state=native_state,
        type=machine.get("InstanceType"),
        image=machine.get("ImageId"),
        network=machine.get("VpcId"),
        subnet=machine.get("SubnetId"),
        private_addresses=private_addresses(machine, interfaces),
        public_addresses=public_addresses(machine, interfaces),
        tags=tags,
        created_at=_created_at(machine, interfaces),
        state_reason=(machine.get("StateReason") or {}).get("Message") or None,
        attributes=_attributes(machine, interfaces),
    )


def _attributes(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> dict[str, JsonValue]:
    mappings = machine.get("BlockDeviceMappings") or ()
    volumes = sorted(
        (mapping.get("DeviceName") or "", volume)
        for mapping in mappings
        if (volume := (mapping.get("Ebs") or {}).get("VolumeId"))
    )
    launched = machine.get("LaunchTime")
    return {
        "architecture": machine.get("Architecture"),
        "disks": [volume for _, volume in volumes],
        "firewalls": [*group_ids(machine.get("SecurityGroups"))],
        "identity": (machine.get("IamInstanceProfile") or {}).get("Arn"),
        "interfaces": [to_interface(interface) for interface in interfaces],
        "key": machine.get("KeyName"),
        "launched_at": launched.astimezone(UTC).isoformat() if launched else None,
        # The API has no value for it: what is neither of the others is on demand.
        "lifecycle": machine.get("InstanceLifecycle") or "on-demand",
        "platform": machine.get("PlatformDetails"),
    }


def _created_at(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> datetime | None:
    # LaunchTime is that of the last start. EC2 tells the first one only as the time at which
    # the primary network interface was attached.
    first = (interfaces[0].get("Attachment") or {}).get("AttachTime") if interfaces else None
    known = [moment for moment in (machine.get("LaunchTime"), first) if moment is not None]
    return min(known).astimezone(UTC) if known else None
