"""The deletion of servers.

Source: https://docs.openstack.org/api-ref/compute/#delete-server
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import server_networks
from skyclust_sandbox.openstack.compute.lookups import find_server, require_unlocked
from skyclust_sandbox.openstack.compute.server_build import set_error
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Region, Server
from skyclust_sandbox.openstack.volume.attachments import detach
from skyclust_sandbox.openstack.volume.volumes import snapshots_of
from skyclust_sandbox.openstack.wire import empty, now


def delete_server(context: Context) -> Response:
    """Accept the deletion of a server in any state: 204. The server exists until the task ends."""
    server = find_server(context)
    require_unlocked(context, server)
    server.task_state = "deleting"
    server.updated = now()
    if context.fails:
        context.schedule(server.id, lambda: set_error(server, context.outcome))
    else:
        region = context.region
        context.schedule(server.id, lambda: _finish(region, server))
    return empty()


def _finish(region: Region, server: Server) -> None:
    """Delete the server with the ports and volumes that it owns.

    Nova requests the deletion of volumes with `delete_on_termination`. Cinder refuses to delete a
    volume with snapshots, and nova leaves it.
    """
    server_networks.detach_ports(region, server)
    for attachment in list(server.attachments):
        detach(region, server, attachment)
        volume = region.volumes[attachment.volume_id]
        if attachment.delete_on_termination and not snapshots_of(region, volume):
            del region.volumes[volume.id]
    for volume in region.volumes.values():
        if volume.status == "reserved" and volume.id in server.reserved_volume_ids:
            volume.status = "available"
    del region.servers[server.id]
    server.vm_state, server.task_state, server.power_state = "deleted", None, 0
    server.terminated_at = server.updated = now()
    region.deleted_servers[server.id] = server
