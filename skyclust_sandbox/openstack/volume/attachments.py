"""Attachments of volumes to servers.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#attachments-attachments
"""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Attachment, Region, Server, Volume
from skyclust_sandbox.openstack.wire import bare_time, now, reply


def attach(
    server: Server,
    volume: Volume,
    *,
    delete_on_termination: bool,
    boot_index: int | None = None,
    device: str | None = None,
    tag: str | None = None,
) -> Attachment:
    """Attach a volume to a server and return the attachment.

    The caller sets the volume's status.
    """
    attachment = Attachment(
        id=str(uuid.uuid4()),
        volume_id=volume.id,
        server_id=server.id,
        device=device or _free_device(server, boot_index),
        delete_on_termination=delete_on_termination,
        attached_at=now(),
        boot_index=boot_index,
        tag=tag,
    )
    server.attachments.append(attachment)
    volume.attachments.append(attachment)
    volume.updated = now()
    return attachment


def detach(region: Region, server: Server, attachment: Attachment) -> None:
    """Detach a volume from a server; it is available again without any other attachment."""
    server.attachments.remove(attachment)
    volume = region.volumes.get(attachment.volume_id)
    if volume is not None:
        volume.attachments.remove(attachment)
        if not volume.attachments:
            volume.status = "available"
        volume.updated = now()


def _free_device(server: Server, boot_index: int | None) -> str:
    if boot_index == 0:
        return "/dev/vda"
    used = {attachment.device for attachment in server.attachments}
    return next(
        f"/dev/vd{letter}"
        for letter in "bcdefghijklmnopqrstuvwxyz"
        if f"/dev/vd{letter}" not in used
    )


def list_attachments(context: Context) -> Response:
    """Return the attachments of the project's volumes."""
    attachments = [
        {
            "id": attachment.id,
            "volume_id": volume.id,
            "instance": attachment.server_id,
            "status": "attached" if volume.status == "in-use" else "reserved",
            "attached_at": bare_time(attachment.attached_at),
            "detached_at": None,
            "attach_mode": "rw",
        }
        for volume in context.region.volumes.values()
        if context.is_admin or volume.project_id == context.project_id
        for attachment in volume.attachments
    ]
    return reply({"attachments": attachments})
