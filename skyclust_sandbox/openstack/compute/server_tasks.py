"""Work on a server that takes its time, and may fail."""

from __future__ import annotations

from collections.abc import Callable

from skyclust_sandbox.openstack.compute.server_build import fail
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import now


def work(context: Context, server: Server, task: str, finish: Callable[[], None]) -> None:
    """Let a server be at a task for its time; it ends as `finish` says, or as a fault does."""
    server.task_state = task
    server.updated = now()
    if context.fails:
        context.later(server.id, lambda: fail(server, context.outcome))
    else:
        context.later(server.id, finish)
