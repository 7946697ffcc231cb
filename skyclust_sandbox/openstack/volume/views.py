"""Volumes and snapshots as cinder shows them at each microversion.

Source: https://docs.openstack.org/api-ref/block-storage/v3/
"""

from __future__ import annotations

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import identifier
from skyclust_sandbox.openstack.state import Attachment, Volume, VolumeSnapshot
from skyclust_sandbox.openstack.wire import Body, bare_time


def brief_view(context: Context, noun: str, resource: Volume | VolumeSnapshot) -> Body:
    """Return a volume or snapshot as a brief list shows it."""
    path = f"{noun}/{resource.id}"
    return {
        "id": resource.id,
        "name": resource.name,
        "links": [
            {"rel": "self", "href": f"{context.base_url}/v3/{context.project_id}/{path}"},
            {"rel": "bookmark", "href": f"{context.base_url}/{context.project_id}/{path}"},
        ],
    }


def volume_view(context: Context, volume: Volume) -> Body:
    """Return a volume with all attributes."""
    version = context.call.microversion
    view = {
        **brief_view(context, "volumes", volume),
        "attachments": [_attachment(context, attachment) for attachment in volume.attachments],
        "availability_zone": volume.zone,
        "bootable": "true" if volume.bootable else "false",
        "consistencygroup_id": None,
        "created_at": bare_time(volume.created),
        "description": volume.description,
        "encrypted": volume.encrypted,
        "metadata": volume.metadata,
        "multiattach": volume.multiattach,
        "os-vol-tenant-attr:tenant_id": volume.project_id,
        "replication_status": None,
        "size": volume.size,
        "snapshot_id": volume.snapshot_id,
        "source_volid": volume.source_volume_id,
        "status": volume.status,
        "updated_at": bare_time(volume.updated),
        "user_id": volume.user_id,
        "volume_type": volume.volume_type,
    }
    if volume.image_metadata:
        view["volume_image_metadata"] = volume.image_metadata
    if context.is_admin:
        view["os-vol-host-attr:host"] = f"cinder-0@{volume.volume_type}#pool"
        view["os-vol-mig-status-attr:migstat"] = view["os-vol-mig-status-attr:name_id"] = None
    if version >= (3, 13):
        view["group_id"] = None
    if version >= (3, 48):
        view["service_uuid"], view["shared_targets"] = None, False
    if version >= (3, 63):
        view["volume_type_id"] = identifier("volume type", volume.volume_type)
    if version >= (3, 65):
        view["consumes_quota"] = True
    return view


def snapshot_view(context: Context, snapshot: VolumeSnapshot) -> Body:
    """Return a snapshot with all attributes."""
    version = context.call.microversion
    view: Body = {
        "id": snapshot.id,
        "name": snapshot.name,
        "created_at": bare_time(snapshot.created),
        "updated_at": bare_time(snapshot.updated),
        "description": snapshot.description,
        "metadata": snapshot.metadata,
        "size": snapshot.size,
        "status": snapshot.status,
        "volume_id": snapshot.volume_id,
        "os-extended-snapshot-attributes:progress": (
            "100%" if snapshot.status == "available" else "0%"
        ),
        "os-extended-snapshot-attributes:project_id": snapshot.project_id,
    }
    if version >= (3, 14):
        view["group_snapshot_id"] = None
    if version >= (3, 41):
        view["user_id"] = snapshot.user_id
    if version >= (3, 65):
        view["consumes_quota"] = True
    return view


def _attachment(context: Context, attachment: Attachment) -> Body:
    server = context.region.servers.get(attachment.server_id)
    host = server.host if server is not None and context.is_admin else None
    return {
        "id": attachment.volume_id,
        "attachment_id": attachment.id,
        "volume_id": attachment.volume_id,
        "server_id": attachment.server_id,
        "host_name": host,
        "device": attachment.device,
        "attached_at": bare_time(attachment.attached_at),
    }
