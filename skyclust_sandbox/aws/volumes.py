"""The checks and client tokens of volumes that moto lacks.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachVolume.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachVolume.html
"""

from __future__ import annotations

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance

from skyclust_sandbox.aws import instance_states


def find_by_token(backend: EC2Backend, token: str) -> Volume | None:
    """Return the volume of this region that was created with a client token, or None."""
    for volume in backend.volumes.values():
        if getattr(volume, "sandbox_client_token", None) == token:
            return volume
    return None


def store_token(volume: object, token: str) -> None:
    """Store the client token that a volume was created with; moto has no field for it."""
    volume.sandbox_client_token = token  # type: ignore[attr-defined]  # not a field of moto


def check_attach(backend: EC2Backend, volume_id: str, instance_id: str, device: str) -> None:
    """Raise an error for a volume in use or in another zone, and for a device in use."""
    volume = backend.get_volume(volume_id)
    [instance] = instance_states.find(backend, [instance_id])
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
    """Raise OperationNotPermitted for the root volume of an instance that is not stopped."""
    attachment = backend.get_volume(volume_id).attachment
    if attachment is None:
        return
    instance: Instance = attachment.instance
    if attachment.device == instance.root_device_name and instance.state != "stopped":
        raise EC2ClientError(
            "OperationNotPermitted",
            f"Unable to detach root volume '{volume_id}' from instance '{instance.id}'",
        )
