"""The steps of attaching a disk to an instance and of detaching it."""

from __future__ import annotations

from typing import Final

from skyclust.contract import ComputeProvider, DiskProvider, Provider
from skyclust.errors import NeverReached, Timeout
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource, ResourceState
from skyclust.operations.instance.remarks import is_first_attempt, nothing_changed
from skyclust.operations.instance.request_fields import (
    instance_id,
    instance_reference,
    instance_result,
    instance_title,
    required_text,
    wait_seconds,
)
from skyclust.operations.step_result import StepResult
from skyclust.operations.transitions import Action, Step
from skyclust.operations.waiting import get_same, poll
from skyclust.registry import capability

_TRANSITIONAL: Final = frozenset(
    {ResourceState.PENDING, ResourceState.UPDATING, ResourceState.DELETING}
)


def is_attached(disk: Resource, instance: str) -> bool:
    """Return whether a disk's inventory record names the instance with this id."""
    holders = disk.attributes.get("attached_to")
    return isinstance(holders, list) and instance in holders


def _attach(step: Step, operation: Operation, provider: Provider) -> StepResult:
    detail = _done_already(operation, provider, attached=True)
    disks = capability(provider, DiskProvider)
    disks.attach_disk(instance_reference(operation), required_text(operation, "disk_id"))
    return StepResult(step.outcome, detail=detail)


def _detach(step: Step, operation: Operation, provider: Provider) -> StepResult:
    detail = _done_already(operation, provider, attached=False)
    disks = capability(provider, DiskProvider)
    disks.detach_disk(instance_reference(operation), required_text(operation, "disk_id"))
    return StepResult(step.outcome, detail=detail)


def _done_already(operation: Operation, provider: Provider, *, attached: bool) -> str:
    """Return a remark when the disk is attached, or is not, before the first request; else ""."""
    if not is_first_attempt(operation):
        return ""
    disk = _get_disk(operation, provider)
    if is_attached(disk, instance_id(operation)) is not attached or disk.state in _TRANSITIONAL:
        return ""
    state = "is attached already to" if attached else "is not attached to"
    title = instance_title(operation)
    return nothing_changed(f"disk {disk.id} {state} {title[0].lower()}{title[1:]}.")


def _await_attached(step: Step, operation: Operation, provider: Provider) -> StepResult:
    return StepResult(step.outcome, detail=_wait_for_disk(operation, provider, attached=True))


def _await_detached(step: Step, operation: Operation, provider: Provider) -> StepResult:
    return StepResult(step.outcome, detail=_wait_for_disk(operation, provider, attached=False))


def _record(step: Step, operation: Operation, provider: Provider) -> StepResult:
    compute = capability(provider, ComputeProvider)
    instance = get_same(compute, instance_reference(operation))
    return instance_result(step.outcome, instance, _get_disk(operation, provider))


def _wait_for_disk(operation: Operation, provider: Provider, *, attached: bool) -> str:
    """Wait until the disk is attached, or is not; return its id and the cloud's own state."""

    def look() -> Resource | None:
        disk = _get_disk(operation, provider)
        if disk.state == ResourceState.ERROR:
            raise NeverReached(f"Disk {disk.id} in {disk.region} is {disk.native_state}.")
        reached = is_attached(disk, instance_id(operation)) is attached
        return disk if reached and disk.state not in _TRANSITIONAL else None

    state = "attached to" if attached else "detached from"
    what = f"Disk {required_text(operation, 'disk_id')} {state} {instance_title(operation)}"
    try:
        disk = poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(error.message, hint=error.hint) from error
    return f"{disk.id}: {disk.native_state}"


def _get_disk(operation: Operation, provider: Provider) -> Resource:
    disks = capability(provider, DiskProvider)
    return disks.get_disk(operation.region, required_text(operation, "disk_id"))


ATTACH: Final = Action("attach a disk to", _attach)
DETACH: Final = Action("detach a disk from", _detach)
AWAIT_ATTACHED: Final = Action(
    "wait for a disk attached to", _await_attached, waits=True, changes=False
)
AWAIT_DETACHED: Final = Action(
    "wait for a disk detached from", _await_detached, waits=True, changes=False
)
RECORD: Final = Action("record a disk of", _record, changes=False)
