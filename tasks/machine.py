"""What the steps of making, changing and deleting a machine do at the cloud."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from skyclust.contract import ComputeProvider, TagProvider
from skyclust.errors import Conflict, InvalidRequest, NeverReached, NotFound, Timeout
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.operation import Operation, OperationKind
from skyclust.planning import wait_seconds
from skyclust.steps import Action, Position, Step
from skyclust.waiting import get_same, wait_for_state
from tasks.outcome import Done, named, reference, wanted
from tasks.user_data import opened_spec

NEWBORN_SECONDS: Final = 60.0
"""So long a cloud may not know a machine that it has just made; EC2's reference, "Eventual
consistency in the Amazon EC2 API", advises to retry over minutes."""


def usable(operation: Operation, compute: ComputeProvider) -> Instance:
    """Return the machine, running or stopped, that is about to be worked on.

    A machine whose last change failed may be resized: that cures one for whose size there is
    no room. Raises NeverReached when it has ended or failed, InvalidRequest when it is
    suspended, which ends when somebody starts it only, and Conflict while it is busy.
    """
    instance = get_same(compute, reference(operation))
    if instance.state is InstanceState.ERROR and operation.kind is OperationKind.RESIZE:
        return instance
    if instance.state in {InstanceState.DELETING, InstanceState.DELETED, InstanceState.ERROR}:
        raise NeverReached(
            f"{named(operation)} is {instance.state}: no {operation.kind.value} is possible."
        )
    if instance.state is InstanceState.SUSPENDED:
        raise InvalidRequest(
            f"{named(operation)} is {instance.native_state}: a {operation.kind.value} needs it"
            " running or stopped.",
            hint="Start it first.",
            provider=operation.provider,
        )
    if instance.state not in {InstanceState.RUNNING, InstanceState.STOPPED}:
        raise Conflict(
            f"{named(operation)} is {instance.state}; a {operation.kind.value} has to wait for"
            " that.",
            provider=operation.provider,
        )
    return instance


def tag(step: Step, operation: Operation, tags: TagProvider) -> Done:
    """Set and remove the tags that were asked for."""
    given, removed = operation.request.get("tags"), operation.request.get("removed_tags")
    tags.set_tags(
        reference(operation),
        {key: str(value) for key, value in given.items()} if isinstance(given, dict) else {},
        [str(key) for key in removed] if isinstance(removed, list) else [],
    )
    return Done(step.outcome)


def _create(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    # Opened at the last moment: whatever was stored until here holds the sealed text.
    spec = opened_spec(operation)
    return Done(step.outcome, compute.create_instance(spec, operation.token))


def _start(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.start_instance(reference(operation))
    return Done(step.outcome)


def _stop(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    power_off_only = operation.request.get("power_off_only") is True
    compute.stop_instance(reference(operation), power_off_only=power_off_only)
    return Done(step.outcome)


def _reboot(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.reboot_instance(reference(operation))
    return Done(step.outcome)


def _admit_unknown(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    raise NeverReached(
        f"It is not known whether the reboot of {named(operation)} reached the cloud.",
        hint="Look at the machine, and ask for a reboot again if it still needs one.",
    )


def _inspect(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    new_type = wanted(operation, "type")
    instance = usable(operation, compute)
    if instance.type == new_type:
        return Done(Position.READY, instance)
    running = instance.state is InstanceState.RUNNING
    if running and compute.must_stop_to_resize(instance, new_type):
        return Done(Position.STOPPING, instance)
    return Done(Position.RESIZING, instance)


def _resize(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.resize_instance(reference(operation), wanted(operation, "type"))
    return Done(step.outcome)


def _delete(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    # NotFound: the id is another machine's by now, so the one that was meant is gone.
    with suppress(NotFound):
        compute.delete_instance(reference(operation))
    return Done(step.outcome)


def _sweep(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    """Remove what the cloud left of a machine that is gone."""
    compute.remove_leftovers(reference(operation))
    return Done(step.outcome)


def _await_running(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    return Done(step.outcome, _seen(operation, compute, InstanceState.RUNNING))


def _await_stopped(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    return Done(step.outcome, _seen(operation, compute, InstanceState.STOPPED))


def _await_gone(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    last = wait_for_state(
        compute,
        reference(operation),
        InstanceState.DELETED,
        deadline_seconds=wait_seconds(operation),
    )
    return Done(step.outcome, last)


def _record(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    instance = get_same(compute, reference(operation))
    if instance.state is InstanceState.DELETED:
        raise NeverReached(f"{named(operation)} was deleted while it was worked on.")
    return Done(step.outcome, instance)


def _seen(operation: Operation, compute: ComputeProvider, target: InstanceState) -> Instance:
    """Wait for a state; a wait that ends with the machine seen in another one is final."""
    born = time.monotonic()
    while True:
        try:
            instance = wait_for_state(
                compute,
                reference(operation),
                target,
                deadline_seconds=wait_seconds(operation),
            )
        except NotFound:
            newborn = operation.kind is OperationKind.CREATE
            if not newborn or time.monotonic() - born > NEWBORN_SECONDS:
                raise
            time.sleep(2)
            continue
        except Timeout as error:
            if error.__cause__ is None:
                raise NeverReached(error.message, hint=error.hint) from error
            raise
        if instance is None:
            raise NeverReached(f"{named(operation)} is gone.")
        return instance


ON_MACHINES: Final[dict[Action, Callable[[Step, Operation, ComputeProvider], Done]]] = {
    Action.CREATE: _create,
    Action.START: _start,
    Action.STOP: _stop,
    Action.REBOOT: _reboot,
    Action.ADMIT_UNKNOWN: _admit_unknown,
    Action.INSPECT: _inspect,
    Action.RESIZE: _resize,
    Action.DELETE: _delete,
    Action.SWEEP: _sweep,
    Action.AWAIT_RUNNING: _await_running,
    Action.AWAIT_STOPPED: _await_stopped,
    Action.AWAIT_GONE: _await_gone,
    Action.RECORD: _record,
}
"""What each step that needs machines alone does."""
