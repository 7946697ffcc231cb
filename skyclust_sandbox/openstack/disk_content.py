"""The content of disks: a marker outside of the API, by which tests recognise a restored disk."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.openstack.cloud_state import CloudState
from skyclust_sandbox.openstack.context import read_json
from skyclust_sandbox.openstack.state import Image, Region, Server, Volume, VolumeSnapshot
from skyclust_sandbox.openstack.wire import reply

ContentHolder = Server | Volume | VolumeSnapshot | Image


def answer_content(cloud: CloudState, request: Request, object_id: str) -> Response:
    """Return, or set, the content of a server's disk, a volume, a volume snapshot or an image."""
    with cloud.lock:
        cloud.timers.run_due()
        for region in cloud.regions.values():
            holder = find_content_holder(region, object_id)
            if holder is None:
                continue
            if request.method == "PUT":
                holder.content = str(read_json(request)["content"])
            return reply({"content": holder.content})
    return reply({"error": f"No server, volume, snapshot or image has the id {object_id}."}, 404)


def find_content_holder(region: Region, object_id: str) -> ContentHolder | None:
    """Return the record with the content of an id; for a volume-backed server its boot volume."""
    server = region.servers.get(object_id)
    if server is not None:
        return boot_disk(region, server)
    return (
        region.volumes.get(object_id)
        or region.snapshots.get(object_id)
        or region.images.get(object_id)
    )


def boot_disk(region: Region, server: Server) -> Server | Volume:
    """Return the boot disk of a server: a volume, or the server itself for a disk of its own."""
    for attachment in server.attachments:
        if attachment.boot_index == 0:
            return region.volumes[attachment.volume_id]
    return server
