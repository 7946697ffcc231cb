"""EC2 instances: reading them, and what they are in our words.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from providers.aws.regions import calling
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_tags
from skyclust.errors import NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, instance_resource

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
    """Yield the instances of a region, page by page, without those that are terminated.

    EC2 lists a terminated instance for about an hour more.
    """
    pages = clients.ec2(region).get_paginator("describe_instances")
    for page in pages.paginate(PaginationConfig={"PageSize": page_size}):
        yield [
            machine
            for reservation in page["Reservations"]
            for machine in reservation["Instances"]
            if machine["State"]["Name"] != "terminated"
        ]


def get_instance(clients: AwsClients, region: str, instance_id: str) -> Instance:
    """Return one instance as it is now; raises NotFound when EC2 knows none."""
    return to_instance(region, describe_instance(clients, region, instance_id))


def describe_instance(clients: AwsClients, region: str, instance_id: str) -> InstanceTypeDef:
    """Return what EC2 tells of one instance; raises NotFound when it knows none."""
    doing = f"read instance {instance_id} in {region}"
    with calling(clients, region, doing):
        answer = clients.ec2(region).describe_instances(InstanceIds=[instance_id])
    for reservation in answer["Reservations"]:
        for machine in reservation["Instances"]:
            return machine
    raise NotFound(f"Could not {doing}: there is none.", provider="aws")


def find_instances(clients: AwsClients, region: str, client_token: str) -> list[Instance]:
    """Return the instances tagged with a client token that are not terminated."""
    pages = clients.ec2(region).get_paginator("describe_instances")
    found: list[Instance] = []
    with calling(clients, region, f"look for the instance with token {client_token} in {region}"):
        for page in pages.paginate(
            Filters=[
                {"Name": f"tag:{TOKEN_TAG}", "Values": [client_token]},
                {"Name": "instance-state-name", "Values": _EXISTING},
            ]
        ):
            for reservation in page["Reservations"]:
                found += [to_instance(region, machine) for machine in reservation["Instances"]]
    return found


def to_resource(region: str, machine: InstanceTypeDef) -> Resource:
    """Return an instance as an inventory resource."""
    return instance_resource(to_instance(region, machine))


def to_instance(region: str, machine: InstanceTypeDef) -> Instance:
    """Return an instance of EC2 in our words.

    A state that EC2 adds one day is UPDATING: busy with something we do not know.
    """
    tags = to_tags(machine.get("Tags", ()))
    native_state = machine["State"]["Name"]
    interfaces = sorted(machine.get("NetworkInterfaces", ()), key=_device_index)
    return Instance(
        provider="aws",
        region=region,
        zone=machine["Placement"].get("AvailabilityZone"),
        id=machine["InstanceId"],
        name=tags.get(NAME_TAG, ""),
        state=STATES.get(native_state, InstanceState.UPDATING),
        native_state=native_state,
        type=machine["InstanceType"],
        image=machine.get("ImageId"),
        network=machine.get("VpcId"),
        subnet=machine.get("SubnetId"),
        private_addresses=_private_addresses(machine, interfaces),
        public_addresses=_public_addresses(machine, interfaces),
        tags=tags,
        created_at=_created_at(machine, interfaces),
        state_reason=machine.get("StateReason", {}).get("Message") or None,
        attributes=_attributes(machine),
    )


def _attributes(machine: InstanceTypeDef) -> dict[str, JsonValue]:
    mappings = machine.get("BlockDeviceMappings", ())
    volumes = sorted((m["DeviceName"], m["Ebs"]["VolumeId"]) for m in mappings if "Ebs" in m)
    firewalls = sorted(group["GroupId"] for group in machine.get("SecurityGroups", ()))
    return {
        "architecture": machine.get("Architecture"),
        "disks": [volume for _, volume in volumes],
        "firewalls": [*firewalls],
        "identity": machine.get("IamInstanceProfile", {}).get("Arn"),
        "key": machine.get("KeyName"),
        "launched_at": machine["LaunchTime"].astimezone(UTC).isoformat(),
        "lifecycle": machine.get("InstanceLifecycle", "on-demand"),
        "platform": machine.get("PlatformDetails"),
    }


def _device_index(interface: InstanceNetworkInterfaceTypeDef) -> int:
    return interface.get("Attachment", {}).get("DeviceIndex", 0)


def _created_at(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> datetime:
    # LaunchTime is that of the last start. EC2 tells the first one only as the time at which
    # the primary network interface was attached.
    launched = machine["LaunchTime"]
    if interfaces:
        launched = min(launched, interfaces[0].get("Attachment", {}).get("AttachTime", launched))
    return launched.astimezone(UTC)


def _private_addresses(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    found = [machine["PrivateIpAddress"]] if machine.get("PrivateIpAddress") else []
    for interface in interfaces:
        found += sorted(a["PrivateIpAddress"] for a in interface.get("PrivateIpAddresses", ()))
    return tuple(dict.fromkeys(found))


def _public_addresses(
    machine: InstanceTypeDef, interfaces: Sequence[InstanceNetworkInterfaceTypeDef]
) -> tuple[str, ...]:
    found = [machine["PublicIpAddress"]] if machine.get("PublicIpAddress") else []
    for interface in interfaces:
        found += sorted(
            address["Association"]["PublicIp"]
            for address in interface.get("PrivateIpAddresses", ())
            if "PublicIp" in address.get("Association", ())
        )
        found += sorted(address["Ipv6Address"] for address in interface.get("Ipv6Addresses", ()))
    return tuple(dict.fromkeys(found))
