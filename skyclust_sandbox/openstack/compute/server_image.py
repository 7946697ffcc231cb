"""Images of servers: of their own disk, or of snapshots of their volumes.

Source: https://docs.openstack.org/api-ref/compute/#create-image-createimage-action
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import require_state
from skyclust_sandbox.openstack.compute.server_create import check_metadata
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.disk_content import boot_disk
from skyclust_sandbox.openstack.state import Image, Server, Volume
from skyclust_sandbox.openstack.volume.snapshots import begin_snapshot
from skyclust_sandbox.openstack.wire import empty, now, reply

_STATES = ("active", "stopped", "paused", "suspended")


def create_image(context: Context, server: Server, details: Any) -> Response:
    """Start an image of a server.

    For a volume-backed server it refers to snapshots of its volumes.
    """
    name = (details or {}).get("name")
    if not name:
        raise context.refused(400, "Invalid input for field/attribute createImage.")
    metadata = details.get("metadata") or {}
    check_metadata(context, metadata)
    require_state(context, server, "createImage", _STATES)
    disk = boot_disk(context.region, server)
    image = _make(context, server, str(name), metadata)
    context.region.images[image.id] = image
    if isinstance(disk, Volume):
        _point_at_snapshots(context, server, image)
    else:
        image.content = disk.content
        _upload(context, server, image)
    if context.call.microversion >= (2, 45):
        return reply({"image_id": image.id}, 202)
    response = empty(202)
    response.headers["Location"] = f"{context.base_url}/images/{image.id}"
    return response


def _make(context: Context, server: Server, name: str, metadata: dict[str, str]) -> Image:
    created = now()
    base = context.region.images.get(server.image_id)
    inherited = {} if base is None else base.properties
    return Image(
        id=str(uuid.uuid4()),
        name=name,
        owner=context.project_id,
        created=created,
        updated=created,
        visibility="private",
        min_disk=server.flavor.disk,
        properties={
            **{key: value for key, value in inherited.items() if key != "block_device_mapping"},
            "image_type": "snapshot",
            "instance_uuid": server.id,
            "base_image_ref": server.image_id,
            "user_id": context.token.user.id,
            "owner_id": context.project_id,
            "image_location": "snapshot",
            "image_state": "available",
            **metadata,
        },
    )


def _upload(context: Context, server: Server, image: Image) -> None:
    """Upload the server's disk to glance.

    The server's task state refuses other changes meanwhile.
    """
    server.task_state = "image_snapshot_pending"
    server.updated = now()

    def begin() -> None:
        server.task_state = "image_uploading"
        if image.id in context.region.images:
            image.status = "saving"
        context.schedule(server.id, finish, 0.6)

    def finish() -> None:
        server.task_state = None
        server.updated = image.updated = now()
        if context.fails:  # nova deletes an image whose upload failed
            context.region.images.pop(image.id, None)
            return
        image.status, image.size = "active", 1_200_000_000

    context.schedule(server.id, begin, 0.4)


def _point_at_snapshots(context: Context, server: Server, image: Image) -> None:
    """Complete an image without data whose block devices are snapshots of the server's volumes."""
    region = context.region
    mapping = []
    for attachment in server.attachments:
        volume = region.volumes[attachment.volume_id]
        snapshot = begin_snapshot(context, volume, f"snapshot for {image.name}")
        mapping.append(
            {
                "source_type": "snapshot",
                "destination_type": "volume",
                "snapshot_id": snapshot.id,
                "uuid": snapshot.id,
                "volume_size": volume.size,
                "volume_type": volume.volume_type,
                "boot_index": attachment.boot_index,
                "device_name": attachment.device,
                "delete_on_termination": attachment.delete_on_termination,
            }
        )
    image.properties["block_device_mapping"] = json.dumps(mapping)
    image.properties.update(bdm_v2="True", root_device_name="/dev/vda")
    image.status, image.size, image.min_disk = "active", 0, 0
    image.content = boot_disk(region, server).content
