"""The server that a call names, and the checks of its lock and state."""

from __future__ import annotations

from collections.abc import Collection

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server


def find_server(context: Context) -> Server:
    """Return the server in the path; 404 when it does not exist or belongs to another project."""
    server_id = context.argument("server_id")
    server = context.region.servers.get(server_id)
    if server is None or not (context.is_admin or server.project_id == context.project_id):
        raise context.refused(404, f"Instance {server_id} could not be found.")
    return server


def require_unlocked(context: Context, server: Server) -> None:
    """Refuse with 409 to change a locked server; administrators may change it."""
    if server.locked_by is not None and not context.is_admin:
        raise context.refused(409, f"Instance {server.id} is locked")


def require_state(
    context: Context,
    server: Server,
    method: str,
    vm_states: Collection[str],
    task_states: Collection[str | None] = (None,),
) -> None:
    """Refuse a method with 409 unless the server is in one of the VM states and task states."""
    what = ""
    if server.vm_state not in vm_states:
        what = f"vm_state {server.vm_state}"
    elif server.task_state not in task_states:
        what = f"task_state {server.task_state}"
    if what:
        raise context.refused(409, f"Cannot '{method}' instance {server.id} while it is in {what}")
