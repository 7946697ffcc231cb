"""Creating an instance exactly once.

RunInstances gets the token as its ClientToken. EC2 remembers a ClientToken for as long as it knows
the instance: a repeated call with the same parameters returns the same instance, a call with other
parameters fails (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html). The
token is also a tag of the instance, set by the same call, so that the instance can be found by it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.aws.instances import get_instance, to_instance
from providers.aws.lookups import find_image, find_subnet, root_device
from providers.aws.regions import regional_errors
from providers.aws.tags import NAME_TAG, TOKEN_TAG, to_pairs
from skyclust.errors import InvalidRequest, NotFound, Timeout
from skyclust.model.instance import DiskSpec, Instance, InstanceSpec, InstanceState
from skyclust.providerkit.polling import polls

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        BlockDeviceMappingTypeDef,
        EbsBlockDeviceTypeDef,
        InstanceNetworkInterfaceSpecificationTypeDef,
        RunInstancesRequestTypeDef,
    )

    from providers.aws.client import AwsClients

CLIENT_TOKEN_LENGTH: Final = 64
"""The maximum length of a ClientToken, in ASCII characters (RunInstances)."""

DATA_DEVICES: Final = tuple(f"/dev/sd{letter}" for letter in "fghijklmnop")
"""The device names that AWS recommends for data volumes
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html)."""

VISIBLE_SECONDS: Final = 30.0
"""How long DescribeInstances may not list a new instance. AWS documents no limit
(https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html); a few seconds are
common."""

TERMINATED_LISTED: Final = timedelta(hours=1)
"""About how long EC2 lists a terminated instance
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html)."""


def create_instance(
    clients: AwsClients, spec: InstanceSpec, token: str, *, visible_seconds: float = VISIBLE_SECONDS
) -> Instance:
    """Create one instance, or return the instance created earlier with the same token.

    EC2 may not list a new instance at once. This function returns when DescribeInstances lists it,
    so that a caller that polls it does not consider it deleted; Timeout is raised when that takes
    longer than `visible_seconds`, and a repeated call continues to wait. A token whose instance is
    terminated returns it in the state DELETED, also when EC2 no longer lists it.
    """
    client_token = to_client_token(token)
    check_spec(spec)
    image = find_image(clients, spec.region, spec.image)
    request = to_request(
        spec,
        client_token,
        image=image,
        root_device=root_device(clients, spec.region, image) if spec.boot_disk else None,
        subnet=find_subnet(clients, spec.region, spec.network, spec.zone, client_token)
        if spec.network is not None
        else None,
    )
    with regional_errors(clients, spec.region, f"create instance {spec.name} in {spec.region}"):
        accepted = clients.ec2(spec.region).run_instances(**request)["Instances"][0]
    instance = to_instance(spec.region, accepted)
    return _wait_until_listed(clients, instance, visible_seconds)


def _wait_until_listed(clients: AwsClients, accepted: Instance, visible_seconds: float) -> Instance:
    if accepted.state is InstanceState.DELETED:
        return accepted
    for _ in polls(visible_seconds, first=0.2, longest=5.0, factor=2.0):
        with suppress(NotFound):
            return get_instance(clients, accepted.region, accepted.id)
        if _was_terminated(accepted, datetime.now(UTC)):
            return accepted.model_copy(
                update={"state": InstanceState.DELETED, "native_state": "terminated"}
            )
    raise Timeout(
        f"EC2 accepted instance {accepted.id} ({accepted.name}) in {accepted.region}, but does not"
        f" list it after {visible_seconds:.0f} s.",
        hint="Repeat the request with the same token: it returns the same instance.",
        provider="aws",
    )


def _was_terminated(accepted: Instance, now: datetime) -> bool:
    """Return whether an unlisted instance is too old to be new, and so was terminated."""
    return accepted.created_at is not None and now - accepted.created_at > TERMINATED_LISTED


def to_client_token(token: str) -> str:
    """Return a token as a ClientToken: unchanged when EC2 accepts it, otherwise its SHA-256."""
    if token.isascii() and 0 < len(token) <= CLIENT_TOKEN_LENGTH:
        return token
    return sha256(token.encode()).hexdigest()


def check_spec(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for a spec that EC2 cannot fulfil, or would fulfil in another way."""
    problem = None
    if len(spec.ssh_keys) > 1:
        problem = f"EC2 takes one SSH key for an instance, not {len(spec.ssh_keys)}."
    elif any(" " in key for key in spec.ssh_keys):
        problem = "EC2 takes the name of a key pair, not the public key itself."
    elif spec.user is not None:
        problem = "EC2 leaves the login user to the image; name one in the user data."
    elif spec.private_address is not None and not spec.network:
        problem = "A private address needs the subnet that it is in."
    elif spec.private_address is not None and ("/" in spec.private_address):
        problem = "EC2 takes a private address without a prefix length."
    elif len(spec.disks) > len(DATA_DEVICES):
        problem = f"At most {len(DATA_DEVICES)} data disks can be created with an instance."
    elif spec.tags.get(NAME_TAG, spec.name) != spec.name:
        problem = f"The tag {NAME_TAG} holds the name of the instance: {spec.name!r}."
    elif TOKEN_TAG in spec.tags:
        problem = f"The tag {TOKEN_TAG} is reserved by SkyClust."
    if problem is not None:
        raise InvalidRequest(f"Could not create {spec.name}: {problem}", provider="aws")


def to_request(
    spec: InstanceSpec,
    client_token: str,
    *,
    image: str,
    subnet: str | None,
    root_device: str | None = None,
) -> RunInstancesRequestTypeDef:
    """Return the parameters of RunInstances; equal arguments give equal parameters."""
    tags = to_pairs({**spec.tags, NAME_TAG: spec.name, TOKEN_TAG: client_token})
    request: RunInstancesRequestTypeDef = {
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": client_token,
        "ImageId": image,
        "InstanceType": spec.type,  # type: ignore[typeddict-item]  # any type, known today or not
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": tags},
            {"ResourceType": "volume", "Tags": tags},
        ],
    }
    if spec.public_address is not None:
        request["NetworkInterfaces"] = [_interface(spec, subnet)]
    elif subnet is not None:
        request["SubnetId"] = subnet
        if spec.private_address is not None:
            request["PrivateIpAddress"] = spec.private_address
    if subnet is None and spec.zone is not None:
        request["Placement"] = {"AvailabilityZone": spec.zone}
    if spec.ssh_keys:
        request["KeyName"] = spec.ssh_keys[0]
    if spec.user_data is not None:
        request["UserData"] = spec.user_data
    disks = list(zip(DATA_DEVICES, spec.disks, strict=False))
    if spec.boot_disk is not None and root_device is not None:
        disks.insert(0, (root_device, spec.boot_disk))
    if disks:
        request["BlockDeviceMappings"] = [_disk(device, disk) for device, disk in disks]
    return request


def _interface(
    spec: InstanceSpec, subnet: str | None
) -> InstanceNetworkInterfaceSpecificationTypeDef:
    """Return the network interface of an instance for which the spec sets a public address."""
    interface: InstanceNetworkInterfaceSpecificationTypeDef = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": bool(spec.public_address),
        "DeleteOnTermination": True,
    }
    if subnet is not None:
        interface["SubnetId"] = subnet
    if spec.private_address is not None:
        interface["PrivateIpAddress"] = spec.private_address
    return interface


def _disk(device: str, disk: DiskSpec) -> BlockDeviceMappingTypeDef:
    ebs: EbsBlockDeviceTypeDef = {"VolumeSize": disk.size_gib, "DeleteOnTermination": True}
    if disk.type is not None:
        ebs["VolumeType"] = disk.type  # type: ignore[typeddict-item]  # any type, known today or not
    return {"DeviceName": device, "Ebs": ebs}
