"""EC2 instances: reading them, and converting them.

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
    """Yield the instances of a region, page by page, also those that are terminated."""
    size = {"PageSize": page_size}
    ec2 = clients.ec2(region)
    for page in get_pages(ec2, "describe_instances", "Reservations", PaginationConfig=size):
        yield _instances_of(page)


def get_instance(clients: AwsClients, region: str, instance_id: str) -> Instance:
    """Return an instance as it is now; raises NotFound when it does not exist."""
    return to_instance(region, describe_instance(clients, region, instance_id))


def describe_instance(clients: AwsClients, region: str, instance_id: str) -> InstanceTypeDef:
    """Return EC2's description of an instance; raises NotFound when it does not exist."""
    doing = f"read instance {instance_id} in {region}"
    with regional_errors(clients, region, doing):
        reply = clients.ec2(region).describe_instances(InstanceIds=[instance_id])
        reservations = require_list(reply, "Reservations", doing=doing, provider="aws")
        for ec2_instance in _instances_of(reservations):
            if ec2_instance["InstanceId"] == instance_id:
                return ec2_instance
    raise NotFound(f"Could not {doing}: it does not exist.", provider="aws")


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
            to_instance(region, ec2_instance)
            for page in get_pages(ec2, "describe_instances", "Reservations", Filters=filters)
            for ec2_instance in _instances_of(page)
        ]


def _instances_of(reservations: Sequence[Mapping[str, Any]]) -> list[InstanceTypeDef]:
    return [
        ec2_instance
        for reservation in reservations
        for ec2_instance in reservation.get("Instances") or ()
    ]


def to_resource(region: str, ec2_instance: InstanceTypeDef) -> Resource | None:
    """Return an instance as an inventory resource; None when it is terminated.

    EC2 lists a terminated instance for about an hour more.
    """
    instance = to_instance(region, ec2_instance)
    return None if instance.state is InstanceState.DELETED else instance_resource(instance)


def to_instance(region: str, ec2_instance: InstanceTypeDef) -> Instance:
    """Return an EC2 instance as an `Instance`; a state that is not in STATES is UPDATING."""
    tags = to_tags(ec2_instance.get("Tags"))
    native_state = ec2_instance["State"]["Name"]
    interfaces = sorted(ec2_instance.get("NetworkInterfaces") or (), key=device_index)
    return Instance(
        provider="aws",
        region=region,
        zone=(ec2_instance.get("Placement") or {}).get("AvailabilityZone"),
        id=ec2_instance["InstanceId"],
        unique_id=ec2_instance["InstanceId"],
        name=tags.get(NAME_TAG, ""),
        state=STATES.get(native_state, InstanceState.UPDATING),
        native_state=native_state,
        type=ec2_instance.get("InstanceType"),
        image=ec2_instance.get("ImageId"),
        network=ec2_instance.get("VpcId"),
        subnet=ec2_instance.get("SubnetId"),
        private_addresses=private_addresses(ec2_instance, interfaces),
        public_addresses=public_addresses(ec2_instance, interfaces),
        tags=tags,
        created_at=_created_at(ec2_instance, interfaces),
        state_reason=(ec2_instance.get("StateReason") or {}).get("Message") or None,
        attributes=_attributes(ec2_instance, interfaces),
    )


def _attributes(
    ec2_instance: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> dict[str, JsonValue]:
    mappings = ec2_instance.get("BlockDeviceMappings") or ()
    volumes = sorted(
        (mapping.get("DeviceName") or "", volume)
        for mapping in mappings
        if (volume := (mapping.get("Ebs") or {}).get("VolumeId"))
    )
    launched = ec2_instance.get("LaunchTime")
    return {
        "architecture": ec2_instance.get("Architecture"),
        "disks": [volume for _, volume in volumes],
        "firewalls": [*group_ids(ec2_instance.get("SecurityGroups"))],
        "identity": (ec2_instance.get("IamInstanceProfile") or {}).get("Arn"),
        "interfaces": [to_interface(interface) for interface in interfaces],
        "key": ec2_instance.get("KeyName"),
        "launched_at": launched.astimezone(UTC).isoformat() if launched else None,
        # The API omits the field for an on-demand instance.
        "lifecycle": ec2_instance.get("InstanceLifecycle") or "on-demand",
        "platform": ec2_instance.get("PlatformDetails"),
    }


def _created_at(
    ec2_instance: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> datetime | None:
    # LaunchTime is the time of the last start. The first start is known only as the time at which
    # the primary network interface was attached.
    first = (interfaces[0].get("Attachment") or {}).get("AttachTime") if interfaces else None
    times = [time for time in (ec2_instance.get("LaunchTime"), first) if time is not None]
    return min(times).astimezone(UTC) if times else None
