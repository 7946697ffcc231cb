"""The rebuild of a server from an image; it keeps its id and its ports.

Source: https://docs.openstack.org/api-ref/compute/#rebuild-server-rebuild-action
"""

from __future__ import annotations

import secrets
from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import require_state
from skyclust_sandbox.openstack.compute.server_build import set_state
from skyclust_sandbox.openstack.compute.server_create import check_metadata
from skyclust_sandbox.openstack.compute.server_tasks import start_task
from skyclust_sandbox.openstack.compute.server_views import make_viewer
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.disk_content import boot_disk
from skyclust_sandbox.openstack.image.visibility import is_visible
from skyclust_sandbox.openstack.state import Image, Server, Volume
from skyclust_sandbox.openstack.volume.volume_records import write_image
from skyclust_sandbox.openstack.wire import reply


def rebuild(context: Context, server: Server, details: Any) -> Response:
    """Start to replace the content of a server's boot disk.

    Of a boot volume since microversion 2.93.
    """
    body = details or {}
    image = context.region.images.get(str(body.get("imageRef")))
    if image is None or not is_visible(context, image):
        raise context.refused(400, "Cannot find image for rebuild")
    if image.status != "active":
        raise context.refused(400, f"Image {image.id} is not active.")
    if server.flavor.disk and server.flavor.disk < image.min_disk:
        raise context.refused(400, "Flavor's disk is too small for requested image.")
    require_state(context, server, "rebuild", ("active", "stopped", "error"))
    disk = boot_disk(context.region, server)
    if isinstance(disk, Volume):
        _check_volume(context, disk, image)
    if "metadata" in body:
        check_metadata(context, body["metadata"] or {})
        server.metadata = dict(body["metadata"] or {})
    server.name = body.get("name", server.name)
    server.description = body.get("description", server.description)
    was_stopped = server.vm_state == "stopped"

    def finish() -> None:
        if isinstance(disk, Volume):
            if image.id != disk.image_id or context.call.microversion >= (2, 93):
                write_image(disk, image)
        else:
            server.image_id, disk.content = image.id, image.content
        server.fault = None
        server.starts += 1
        set_state(server, "active")
        if was_stopped:
            context.schedule(server.id, lambda: _stop(context, server), share=0.5)

    start_task(context, server, "rebuilding", finish)
    view = make_viewer(context).detailed(server, alone=True)
    return reply({"server": {**view, "adminPass": secrets.token_urlsafe(9)}}, 202)


def _stop(context: Context, server: Server) -> None:
    """Stop a rebuilt server that was stopped before: nova starts every server that it rebuilds.

    For a short time such a server is active without a task, as observed with nova 33.0.
    """
    start_task(context, server, "powering-off", lambda: set_state(server, "stopped"))


def _check_volume(context: Context, volume: Volume, image: Image) -> None:
    if context.call.microversion < (2, 93) and image.id != volume.image_id:
        raise context.refused(
            400, "Unable to rebuild with a different image for a volume-backed server."
        )
    if volume.size < image.min_disk:
        raise context.refused(
            400,
            "Volume is smaller than the minimum size specified in image metadata. Volume size is"
            f" {volume.size << 30} bytes, minimum size is {image.min_disk << 30} bytes.",
        )
