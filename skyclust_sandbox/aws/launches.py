"""The checks and defaults of RunInstances that moto lacks.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import Instance

_DEFAULT_TYPE: Final = "m1.small"
_ROOT_DISK_GIB: Final = 8


def check_launch(backend: EC2Backend, parameters: Mapping[str, Any]) -> None:
    """Raise an error for an unknown key pair, or an instance type that the launch cannot use.

    The content of a launch template is not checked.
    """
    if "ImageId" not in parameters and "LaunchTemplate" not in parameters:
        raise EC2ClientError("MissingParameter", "The request must contain the parameter ImageId")
    if "KeyName" in parameters:
        backend.describe_key_pairs(key_names=[parameters["KeyName"]])
    if "LaunchTemplate" in parameters and "InstanceType" not in parameters:
        return
    instance_type = parameters.get("InstanceType", _DEFAULT_TYPE)
    check_type(instance_type, backend.region_name, _zone_of(backend, parameters))
    if "ImageId" in parameters:
        [image] = backend.describe_images(ami_ids=[parameters["ImageId"]])
        check_architecture(instance_type, image.architecture or "x86_64")


def check_type(instance_type: str, region: str, zone: str | None) -> None:
    """Raise an error for an instance type that does not exist or is not offered in the zone.

    Without a zone, the type has to be offered in any zone of the region.
    """
    if instance_type not in INSTANCE_TYPES:
        raise EC2ClientError(
            "InvalidParameterValue", f"Invalid value '{instance_type}' for InstanceType."
        )
    zones = {
        offering["Location"]
        for offering in INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, [])
        if offering["InstanceType"] == instance_type
    }
    if not zones or (zone is not None and zone not in zones):
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({instance_type}) is not supported in your requested"
            f" Availability Zone ({zone or region}).",
        )


def check_architecture(instance_type: str, architecture: str) -> None:
    """Raise InvalidParameterValue when the processor of a type cannot run the image."""
    supported = INSTANCE_TYPES[instance_type]["ProcessorInfo"]["SupportedArchitectures"]
    if architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{','.join(supported)}' of the specified instance type does not"
            f" match the architecture '{architecture}' of the specified AMI.",
        )


def complete_launch(backend: EC2Backend, parameters: MutableMapping[str, Any]) -> None:
    """Change the parameters for moto: MaxCount instances, each with the image's root disk.

    moto launches MinCount, and omits the root disk when the request has data disks.
    """
    parameters["MinCount"] = parameters.get("MaxCount", parameters.get("MinCount", 1))
    disks = parameters.get("BlockDeviceMappings")
    if not disks or "ImageId" not in parameters:
        return
    [image] = backend.describe_images(ami_ids=[parameters["ImageId"]])
    root = image.root_device_name
    if all(disk.get("DeviceName") != root for disk in disks):
        ebs = {"VolumeSize": _ROOT_DISK_GIB, "DeleteOnTermination": True}
        parameters["BlockDeviceMappings"] = [{"DeviceName": root, "Ebs": ebs}, *disks]


def set_delete_on_termination(instances: Iterable[Instance], parameters: Mapping[str, Any]) -> None:
    """Set DeleteOnTermination of new network interfaces, unless the request disables it."""
    kept = {
        interface.get("DeviceIndex", 0)
        for interface in parameters.get("NetworkInterfaces", [])
        if "NetworkInterfaceId" in interface or interface.get("DeleteOnTermination") is False
    }
    for instance in instances:
        for index, interface in instance.nics.items():
            interface.delete_on_termination = index not in kept


def _zone_of(backend: EC2Backend, parameters: Mapping[str, Any]) -> str | None:
    subnet_id = parameters.get("SubnetId")
    if subnet_id is not None:
        return str(backend.get_subnet(subnet_id).availability_zone)
    zone = parameters.get("Placement", {}).get("AvailabilityZone")
    if zone is not None and zone not in {z.name for z in backend.describe_availability_zones()}:
        raise EC2ClientError("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
    return None if zone is None else str(zone)
