"""The resize of a server to another flavor, which must be confirmed or reverted.

Source: https://docs.openstack.org/api-ref/compute/#resize-server-resize-action
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import quotas
from skyclust_sandbox.openstack.compute.lookups import require_state
from skyclust_sandbox.openstack.compute.server_build import set_state
from skyclust_sandbox.openstack.compute.server_tasks import start_task
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.disk_content import boot_disk
from skyclust_sandbox.openstack.state import Flavor, Server
from skyclust_sandbox.openstack.wire import empty, now


def resize(context: Context, server: Server, details: Any) -> Response:
    """Start to resize a server to another flavor.

    As in nova, a resize that finds no host, or that would shrink a disk, leaves the server
    unchanged and reports nothing: the API shows the fault of servers in ERROR only.
    """
    flavor = context.region.flavors.get(str((details or {}).get("flavorRef")))
    if flavor is None:
        raise context.refused(400, "Unable to locate requested flavor.")
    require_state(context, server, "resize", ("active", "stopped"))
    if flavor.id == server.flavor.id:
        raise context.refused(400, "When resizing, instances must change flavor!")
    _check_size(context, server, flavor)
    server.old_vm_state = server.vm_state
    if context.outcome == "NoValidHost" or _shrinks(context, server, flavor):
        server.task_state, server.updated = "resize_prep", now()
        context.schedule(server.id, lambda: set_state(server, server.old_vm_state))
        return empty(202)

    def migrate() -> None:
        server.old_flavor, server.flavor = server.flavor, flavor
        server.task_state = "resize_finish"
        context.schedule(server.id, lambda: set_state(server, "resized"), 0.5)

    start_task(context, server, "resize_prep", lambda: None)
    if not context.fails:
        context.schedule(server.id, migrate, 0.5)
    return empty(202)


def _shrinks(context: Context, server: Server, flavor: Flavor) -> bool:
    own_disk = boot_disk(context.region, server) is server
    return own_disk and flavor.disk < server.flavor.disk


def _check_size(context: Context, server: Server, flavor: Flavor) -> None:
    if flavor.disk == 0 and _shrinks(context, server, flavor):
        raise context.refused(400, "Resize to zero disk flavor is not allowed.")
    quotas.require(
        context,
        quotas.servers_used(context.region, server.project_id),
        {
            "cores": max(0, flavor.vcpus - server.flavor.vcpus),
            "ram": max(0, flavor.memory - server.flavor.memory),
        },
    )


def confirm_resize(context: Context, server: Server, _details: Any) -> Response:
    """Confirm the new flavor; the server stays in VERIFY_RESIZE until the task ends."""
    require_state(context, server, "confirmResize", ("resized",))
    if context.cloud.timers.is_scheduled(server.id):
        raise context.refused(400, "Instance has not been resized.")

    def finish() -> None:
        server.old_flavor = None
        set_state(server, server.old_vm_state)

    context.schedule(server.id, finish, 0.5)
    return empty(204)


def revert_resize(context: Context, server: Server, _details: Any) -> Response:
    """Restore the old flavor."""
    require_state(context, server, "revertResize", ("resized",))

    def finish() -> None:
        server.flavor, server.old_flavor = server.old_flavor or server.flavor, None
        set_state(server, server.old_vm_state)

    start_task(context, server, "resize_reverting", finish)
    return empty(202)
