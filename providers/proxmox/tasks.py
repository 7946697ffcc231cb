"""Tasks: waiting for a task, reading its exit status, and the tasks that run on guests.

A task that failed has the status `stopped`, like one that succeeded; the exit status differs.
Source: https://pve.proxmox.com/pve-docs/api-viewer/#/nodes/{node}/tasks/{upid}/status
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.errors import task_error
from providers.proxmox.fields import required_text, to_integer
from providers.proxmox.states import TASKS
from skyclust.errors import Timeout
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two requests for the status of a task: short at first, then doubling."""

CALL_SECONDS: Final = WAIT_SECONDS
"""How long one call of the contract may take before it raises Timeout and is repeated."""


def attempts(seconds: float = CALL_SECONDS) -> Iterator[int]:
    """Yield at once, then after growing pauses, until the seconds have passed."""
    return polls(seconds, first=FIRST_PAUSE, longest=LONGEST_PAUSE, factor=2.0)


def wait_for_task(
    clients: ProxmoxClients,
    upid: Any,
    doing: str,
    *,
    seconds: float = CALL_SECONDS,
) -> bool:
    """Wait for a task and return whether it ended; raises the error of a task that failed.

    A request that Proxmox VE completes at once has no UPID. A task that ended with warnings
    succeeded.
    """
    if not isinstance(upid, str) or not upid.startswith("UPID:"):
        return True
    node = upid.split(":")[1]
    for _ in attempts(seconds):
        task = clients.get_object(f"nodes/{node}/tasks/{upid}/status", doing)
        if required_text(task, "status") == "stopped":
            # Without an exit status the result of the task is unknown.
            exit_status = required_text(task, "exitstatus")
            if exit_status != "OK" and not exit_status.startswith("WARNINGS"):
                raise task_error(exit_status, doing)
            return True
    return False


def complete_task(clients: ProxmoxClients, upid: Any, doing: str) -> None:
    """Wait for the end of a task; raises Timeout when it takes longer than a minute."""
    if not wait_for_task(clients, upid, doing):
        raise Timeout(
            f"Could not {doing} within {CALL_SECONDS:.0f} s: the task continues.",
            hint="Repeat the request: it continues from the state reached by then.",
            provider="proxmox",
            code="task",
        )


def running_tasks(
    clients: ProxmoxClients, node: str, doing: str, vmid: int | None = None
) -> dict[int, str]:
    """Return the type of the running task of each guest on a node, by VMID.

    Of several tasks the newest counts, and tasks that change no state, such as consoles, are
    ignored. The list of active tasks also has tasks that ended a moment ago, with an end time.
    """
    parameters: dict[str, object] = {"source": "active", "limit": 500}
    if vmid is not None:
        parameters["vmid"] = vmid
    return to_running(clients.get_list(f"nodes/{node}/tasks", doing, **parameters))


def to_running(tasks: Sequence[Any]) -> dict[int, str]:
    """Return the type of the newest running task of each guest that changes its state, by VMID.

    `tasks` has the newest task first.
    """
    running: dict[int, str] = {}
    for task in reversed(tasks):
        if not isinstance(task, Mapping) or "endtime" in task or task.get("status"):
            continue
        kind, guest = task.get("type"), to_integer(task.get("id"))
        if isinstance(kind, str) and kind in TASKS and guest is not None:
            running[guest] = kind
    return running
