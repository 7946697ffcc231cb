"""The actions of servers, and the states in which nova refuses them.

Source: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action and
https://docs.openstack.org/nova/latest/reference/vm-states.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import (
    console_output,
    server_image,
    server_rebuild,
    server_resize,
    server_security_groups,
)
from skyclust_sandbox.openstack.compute.lookups import find_server, require_state, require_unlocked
from skyclust_sandbox.openstack.compute.server_build import set_state
from skyclust_sandbox.openstack.compute.server_delete import delete_server
from skyclust_sandbox.openstack.compute.server_tasks import start_task
from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import empty

Action = Callable[[Context, Server, Any], Response]

_HARD_REBOOT: Final = ("active", "stopped", "paused", "suspended", "error")
_HARD_REBOOT_TASKS: Final = (None, "rebooting", "rebooting_hard", "resuming", "unpausing")


def run_action(context: Context) -> Response:
    """Run the action that the only key of the body names; 400 for any other body."""
    server = find_server(context)
    content = read_json(context.request)
    if not isinstance(content, dict) or len(content) != 1:
        raise context.refused(400, "Malformed request body")
    [(name, details)] = content.items()
    action = _ACTIONS.get(name)
    if action is None:
        raise context.refused(400, f"There is no such action: {name}")
    if name != "unlock":
        require_unlocked(context, server)
    return action(context, server, details)


def _start(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "start", ("stopped",))
    return _transition(context, server, "powering-on", "active")


def _stop(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "stop", ("active", "error"))
    return _transition(context, server, "powering-off", "stopped")


def _reboot(context: Context, server: Server, details: Any) -> Response:
    kind = str((details or {}).get("type", "")).upper()
    if kind not in {"SOFT", "HARD"}:
        raise context.refused(400, f"Invalid input for field/attribute type. Value: {kind}.")
    if kind == "SOFT":
        require_state(context, server, "reboot", ("active",))
        return _transition(context, server, "rebooting", "active")
    require_state(context, server, "reboot", _HARD_REBOOT, _HARD_REBOOT_TASKS)
    return _transition(context, server, "rebooting_hard", "active")


def _pause(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "pause", ("active",))
    return _transition(context, server, "pausing", "paused")


def _unpause(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "unpause", ("paused",))
    return _transition(context, server, "unpausing", "active")


def _suspend(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "suspend", ("active",))
    return _transition(context, server, "suspending", "suspended")


def _resume(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "resume", ("suspended",))
    return _transition(context, server, "resuming", "active")


def _shelve(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "shelve", ("active", "stopped", "paused", "suspended"))
    return _transition(context, server, "shelving", "shelved_offloaded")


def _unshelve(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "unshelve", ("shelved", "shelved_offloaded"))
    return _transition(context, server, "unshelving", "active")


def _rescue(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "rescue", ("active", "stopped", "error"))
    return _transition(context, server, "rescuing", "rescued")


def _unrescue(context: Context, server: Server, _details: Any) -> Response:
    require_state(context, server, "unrescue", ("rescued",))
    return _transition(context, server, "unrescuing", "active")


def _lock(context: Context, server: Server, details: Any) -> Response:
    server.locked_by = "admin" if context.is_admin else "owner"
    server.locked_reason = (details or {}).get("locked_reason")
    return empty(202)


def _unlock(context: Context, server: Server, _details: Any) -> Response:
    if server.locked_by == "admin":
        require_unlocked(context, server)
    server.locked_by = server.locked_reason = None
    return empty(202)


def _reset_state(context: Context, server: Server, details: Any) -> Response:
    if not context.is_admin:
        rule = "os_compute_api:os-admin-actions:reset_state"
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
    context.cloud.timers.cancel(server.id)
    set_state(server, str((details or {}).get("state", "error")))
    return empty(202)


def _force_delete(context: Context, _server: Server, _details: Any) -> Response:
    return delete_server(context)


def _transition(context: Context, server: Server, task: str, vm_state: str) -> Response:
    """Start a task that ends in a VM state."""

    def finish() -> None:
        if vm_state == "active" and server.vm_state != "paused":
            server.starts += 1
        if vm_state.startswith("shelved"):
            server.host = None
        elif server.host is None:
            server.host = "compute-00"
        set_state(server, vm_state)

    start_task(context, server, task, finish)
    return empty(202)


_ACTIONS: Final[dict[str, Action]] = {
    "os-start": _start,
    "os-stop": _stop,
    "reboot": _reboot,
    "pause": _pause,
    "unpause": _unpause,
    "suspend": _suspend,
    "resume": _resume,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "rescue": _rescue,
    "unrescue": _unrescue,
    "lock": _lock,
    "unlock": _unlock,
    "os-resetState": _reset_state,
    "forceDelete": _force_delete,
    "resize": server_resize.resize,
    "confirmResize": server_resize.confirm_resize,
    "revertResize": server_resize.revert_resize,
    "createImage": server_image.create_image,
    "rebuild": server_rebuild.rebuild,
    "os-getConsoleOutput": console_output.get_console_output,
    "addSecurityGroup": server_security_groups.add_group,
    "removeSecurityGroup": server_security_groups.remove_group,
}
"""All actions, by the key of the body."""
