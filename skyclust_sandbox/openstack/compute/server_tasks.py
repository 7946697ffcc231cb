"""Asynchronous tasks of servers."""

from __future__ import annotations

from collections.abc import Callable

from skyclust_sandbox.openstack.compute.server_build import set_error
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import now


def start_task(context: Context, server: Server, task: str, finish: Callable[[], None]) -> None:
    """Set a server's task state and schedule the end of the task: `finish`, or the call's fault."""
    server.task_state = task
    server.updated = now()
    if context.fails:
        context.schedule(server.id, lambda: set_error(server, context.outcome))
    else:
        context.schedule(server.id, finish)
