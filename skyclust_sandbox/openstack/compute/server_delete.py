"""The end of a server."""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import server_networks
from skyclust_sandbox.openstack.compute.lookups import find_server, require_unlocked
from skyclust_sandbox.openstack.compute.server_build import fail
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Region, Server
from skyclust_sandbox.openstack.volume.attachments import detach
from skyclust_sandbox.openstack.volume.volumes import snapshots_of
from skyclust_sandbox.openstack.wire import empty, now


def delete_server(context: Context) -> Response:
    """Accept the end of a server, whatever its state; it is gone when its time has passed."""
    server = find_server(context)
    require_unlocked(context, server)
    server.task_state = "deleting"
    server.updated = now()
    if context.fails:
        context.later(server.id, lambda: fail(server, context.outcome))
    else:
        region = context.region
        context.later(server.id, lambda: _finish(region, server))
    return empty()


def _finish(region: Region, server: Server) -> None:
    """Take the server away with what is its own.

    Nova asks cinder to delete the volumes that shall end with their server; cinder refuses
    that of a volume with snapshots, and nova leaves it.
    """
    server_networks.unbind_all(region, server)
    for attachment in list(server.attachments):
        detach(region, server, attachment)
        volume = region.volumes[attachment.volume_id]
        if attachment.delete_on_termination and not snapshots_of(region, volume):
            del region.volumes[volume.id]
    for volume in region.volumes.values():
        if volume.status == "reserved" and volume.id in server.promised:
            volume.status = "available"
    del region.servers[server.id]
    server.vm_state, server.task_state, server.power_state = "deleted", None, 0
    server.terminated_at = server.updated = now()
    region.deleted_servers[server.id] = server
