"""Finding what a call of nova names."""

from __future__ import annotations

from skyclust.sandbox.openstack.context import Context
from skyclust.sandbox.openstack.state import Server


def find_server(context: Context) -> Server:
    """Return the server of the path; 404 when the caller knows none of this id."""
    server_id = context.argument("server_id")
    server = context.region.servers.get(server_id)
    if server is None or not (context.is_admin or server.project_id == context.project_id):
        raise context.refused(404, f"Instance {server_id} could not be found.")
    return server


def require_unlocked(context: Context, server: Server) -> None:
    """Refuse with 409 to touch a server that is locked, but for administrators."""
    if server.locked_by is not None and not context.is_admin:
        raise context.refused(409, f"Instance {server.id} is locked")
