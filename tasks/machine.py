"""What one step of an operation does at the cloud: one call, or one wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from skyclust.contract import ComputeProvider
from skyclust.errors import Conflict, InvalidRequest, NeverReached, NotFound, Timeout
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.model.operation import Operation, OperationKind
from skyclust.planning import wait_seconds
from skyclust.steps import Action, Position, Step
from skyclust.waiting import wait_for_state

NEWBORN_SECONDS: Final = 60.0
"""So long a cloud may not know a machine that it has just made; EC2's reference, "Eventual
consistency in the Amazon EC2 API", advises to retry over minutes."""


@dataclass(frozen=True)
class Done:
    """What a step came to: the line to write and the machine as it was last seen."""

    position: Position
    instance: Instance | None = None


def perform(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    """Do at the cloud what the step says; writes nothing to the store.

    Raises any error of the tree as the provider does, and NeverReached when a wait is over
    and the machine was seen in another state.
    """
    return _ACTIONS[step.action](step, operation, compute)


def _create(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    spec = InstanceSpec.model_validate(operation.request.get("spec"))
    return Done(step.outcome, compute.create_instance(spec, operation.token))


def _start(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.start_instance(operation.region, _instance_id(operation))
    return Done(step.outcome)


def _stop(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.stop_instance(operation.region, _instance_id(operation))
    return Done(step.outcome)


def _reboot(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.reboot_instance(operation.region, _instance_id(operation))
    return Done(step.outcome)


def _admit_unknown(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    raise NeverReached(
        f"It is not known whether the reboot of {_named(operation)} reached the cloud.",
        hint="Look at the machine, and ask for a reboot again if it still needs one.",
    )


def _inspect(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    instance = compute.get_instance(operation.region, _instance_id(operation))
    if instance.state in {InstanceState.DELETING, InstanceState.DELETED, InstanceState.ERROR}:
        raise NeverReached(f"{_named(operation)} is {instance.state} and cannot be resized.")
    if instance.type == _wanted_type(operation):
        return Done(Position.READY, instance)
    if instance.state is InstanceState.STOPPED:
        return Done(Position.RESIZING, instance)
    if instance.state is not InstanceState.RUNNING:
        raise Conflict(
            f"{_named(operation)} is {instance.state}; a resize has to wait for that.",
            provider=operation.provider,
        )
    if compute.must_stop_to_resize(instance, _wanted_type(operation)):
        return Done(Position.STOPPING, instance)
    return Done(Position.RESIZING, instance)


def _resize(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.resize_instance(operation.region, _instance_id(operation), _wanted_type(operation))
    return Done(step.outcome)


def _delete(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    compute.delete_instance(operation.region, _instance_id(operation))
    return Done(step.outcome)


def _await_running(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    return Done(step.outcome, _seen(operation, compute, InstanceState.RUNNING))


def _await_stopped(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    return Done(step.outcome, _seen(operation, compute, InstanceState.STOPPED))


def _await_gone(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    last = wait_for_state(
        compute,
        operation.region,
        _instance_id(operation),
        InstanceState.DELETED,
        deadline_seconds=wait_seconds(operation),
    )
    return Done(step.outcome, last)


def _record(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    instance = compute.get_instance(operation.region, _instance_id(operation))
    if instance.state is InstanceState.DELETED:
        raise NeverReached(f"{_named(operation)} was deleted while it was worked on.")
    return Done(step.outcome, instance)


def _forget(step: Step, operation: Operation, compute: ComputeProvider) -> Done:
    return Done(step.outcome)


def _seen(operation: Operation, compute: ComputeProvider, target: InstanceState) -> Instance:
    """Wait for a state; a wait that ends with the machine seen in another one is final."""
    born = time.monotonic()
    while True:
        try:
            instance = wait_for_state(
                compute,
                operation.region,
                _instance_id(operation),
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
            raise NeverReached(f"{_named(operation)} is gone.")
        return instance


def _instance_id(operation: Operation) -> str:
    if operation.instance_id is None:
        raise InvalidRequest(f"Operation {operation.id} names no machine.")
    return operation.instance_id


def _wanted_type(operation: Operation) -> str:
    wanted = operation.request.get("type")
    if not isinstance(wanted, str):
        raise InvalidRequest(f"Operation {operation.id} names no instance type.")
    return wanted


def _named(operation: Operation) -> str:
    name = operation.instance_name or operation.instance_id or "a machine"
    return f"Instance {name} in {operation.region}"


_ACTIONS: Final[dict[Action, Callable[[Step, Operation, ComputeProvider], Done]]] = {
    Action.CREATE: _create,
    Action.START: _start,
    Action.STOP: _stop,
    Action.REBOOT: _reboot,
    Action.ADMIT_UNKNOWN: _admit_unknown,
    Action.INSPECT: _inspect,
    Action.RESIZE: _resize,
    Action.DELETE: _delete,
    Action.AWAIT_RUNNING: _await_running,
    Action.AWAIT_STOPPED: _await_stopped,
    Action.AWAIT_GONE: _await_gone,
    Action.RECORD: _record,
    Action.FORGET: _forget,
}
