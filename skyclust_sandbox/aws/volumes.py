"""What EC2 checks and remembers about volumes, and moto does not.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html
"""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance

from skyclust_sandbox.aws import machines


def made_before(backend: EC2Backend, token: str) -> Volume | None:
    """Return the volume that a client token made in this region, None when there is none."""
    for volume in backend.volumes.values():
        if getattr(volume, "sandbox_client_token", None) == token:
            return volume
    return None


def remember(volume: object, token: str) -> None:
    """Let a client token belong to a volume, which moto has no place for."""
    volume.sandbox_client_token = token  # type: ignore[attr-defined]  # not of moto


def check_attach(backend: EC2Backend, volume_id: str, instance_id: str, device: str) -> None:
    """Refuse a volume that is in use or elsewhere, and a device that is taken."""
    volume = backend.get_volume(volume_id)
    [instance] = machines.find(backend, [instance_id])
    if instance.state not in {"running", "stopped"}:
        raise EC2ClientError(
            "IncorrectState", f"Instance '{instance_id}' is not 'running' or 'stopped'."
        )
    if volume.attachment is not None:
        raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to an instance")
    if volume.zone.name != instance.placement.zone:
        raise EC2ClientError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume_id}' is not in the same availability zone as instance"
            f" '{instance_id}'",
        )
    if device in instance.block_device_mapping:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use",
        )


def check_detach(backend: EC2Backend, volume_id: str) -> None:
    """Refuse to take the root volume from an instance that is not stopped."""
    attachment = backend.get_volume(volume_id).attachment
    if attachment is None:
        return
    instance: Instance = attachment.instance
    if attachment.device == instance.root_device_name and instance.state != "stopped":
        raise EC2ClientError(
            "OperationNotPermitted",
            f"Unable to detach root volume '{volume_id}' from instance '{instance.id}'",
        )
