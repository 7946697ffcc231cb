"""Tasks: waiting for one, reading how it ended, and what runs on a machine now.

A task that failed is `stopped` like one that did not; its exit status tells.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/tasks/{upid}/status
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.errors import task_error
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.states import TASKS
from skyclust.errors import Timeout

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two looks at a task: short for what is over at once, and doubling."""

PATIENCE_SECONDS: Final = 60.0
"""How long one call of the contract goes on with a machine, at most, before it asks to be
repeated."""


def tries(seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Yield at once, then again and again after a pause, until so many seconds are over."""
    end = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        yield
        if time.monotonic() + pause > end:
            return
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def finish(
    connections: ProxmoxConnections,
    upid: Any,
    doing: str,
    *,
    seconds: float = PATIENCE_SECONDS,
) -> bool:
    """Wait for a task and return whether it is over; raises our error when it failed.

    What was done at once has no UPID. A task that ended with warnings is done.
    """
    if not isinstance(upid, str) or not upid.startswith("UPID:"):
        return True
    node = upid.split(":")[1]
    for _ in tries(seconds):
        task = connections.get_object(f"nodes/{node}/tasks/{upid}/status", doing)
        if required_text(task, "status") == "stopped":
            # Without one nothing is known of how it ended.
            exit_status = required_text(task, "exitstatus")
            if exit_status != "OK" and not exit_status.startswith("WARNINGS"):
                raise task_error(exit_status, doing)
            return True
    return False


def complete(connections: ProxmoxConnections, upid: Any, doing: str) -> None:
    """Wait for a task to be over; raises Timeout when it takes longer than a minute."""
    if not finish(connections, upid, doing):
        raise Timeout(
            f"Could not {doing} within {PATIENCE_SECONDS:.0f} s: the task goes on.",
            hint="Ask again: it is carried on from where it is then.",
            provider="proxmox",
            code="task",
        )


def running_tasks(
    connections: ProxmoxConnections, node: str, doing: str, vmid: int | None = None
) -> dict[int, str]:
    """Return the types of the tasks that change a node's machines now, by machine.

    Of several the newest counts. Tasks that change no state, such as consoles, hide none that
    does. The list of active tasks has those that are just over, too: they have an end.
    """
    asked: dict[str, object] = {"source": "active", "limit": 500}
    if vmid is not None:
        asked["vmid"] = vmid
    return to_running(connections.get_list(f"nodes/{node}/tasks", doing, **asked))


def to_running(tasks: Sequence[Any]) -> dict[int, str]:
    """Return the types of the tasks that change a machine, by machine; the newest comes first."""
    running: dict[int, str] = {}
    for task in reversed(tasks):
        if not isinstance(task, Mapping) or "endtime" in task or task.get("status"):
            continue
        kind, machine = task.get("type"), to_integer(task.get("id"))
        if isinstance(kind, str) and kind in TASKS and machine is not None:
            running[machine] = kind
    return running
