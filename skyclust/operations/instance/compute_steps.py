"""The steps of operations on an instance itself: create, power, resize, tags, delete."""

from __future__ import annotations

import time
from typing import Final

from skyclust.contract import ComputeProvider, Provider, TagProvider
from skyclust.errors import Conflict, InvalidRequest, NeverReached, NotFound, Timeout
from skyclust.model.instance import BaseInstanceSpec, Instance, InstanceSpec, InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.model.user_data import is_digest
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.instance.remarks import nothing_changed
from skyclust.operations.instance.request_fields import (
    instance_reference,
    instance_result,
    instance_title,
    required_text,
    wait_seconds,
)
from skyclust.operations.instance.user_data import plain_user_data
from skyclust.operations.position import Position
from skyclust.operations.step_result import StepResult
from skyclust.operations.transitions import Action, Step
from skyclust.operations.waiting import get_same, wait_for_state
from skyclust.registry import capability
from skyclust.security.sealing import is_sealed
from skyclust.security.user_data import register_user_data

NEW_INSTANCE_SECONDS: Final = 60.0
"""For so long a cloud may not know an instance that it has just created; EC2's reference,
"Eventual consistency in the Amazon EC2 API", advises to retry over minutes."""


def require_changeable(operation: Operation, provider: Provider) -> Instance:
    """Return the instance of an operation, running or stopped, before it is changed.

    An instance whose last change failed may be resized: that repairs one for whose size there is
    no capacity. Raises NeverReached when it has ended or failed, InvalidRequest when it is
    suspended, which only a start ends, and Conflict while it is busy.
    """
    instance = get_same(capability(provider, ComputeProvider), instance_reference(operation))
    if instance.state is InstanceState.ERROR and operation.kind == InstanceAction.RESIZE:
        return instance
    if instance.state in {InstanceState.DELETING, InstanceState.DELETED, InstanceState.ERROR}:
        raise NeverReached(
            f"{instance_title(operation)} is {instance.state}: no {operation.kind} is possible."
        )
    if instance.state is InstanceState.SUSPENDED:
        raise InvalidRequest(
            f"{instance_title(operation)} is {instance.native_state}: a {operation.kind} needs"
            " it running or stopped.",
            hint="Start it first.",
            provider=operation.provider,
        )
    if instance.state not in {InstanceState.RUNNING, InstanceState.STOPPED}:
        raise Conflict(
            f"{instance_title(operation)} is {instance.state}; a {operation.kind} has to wait"
            " for that.",
            provider=operation.provider,
        )
    return instance


def existing_instance(operation: Operation, provider: Provider) -> StepResult | None:
    """Return the creation as accepted when an instance with its token exists, else None."""
    compute = capability(provider, ComputeProvider)
    instances = compute.find_instances(operation.region, operation.token)
    return instance_result(Position.ACCEPTED, instances[0]) if instances else None


def _opened_spec(operation: Operation) -> InstanceSpec:
    """Return the spec that the provider creates for an operation, with its user data open.

    User data that an earlier version has journalled unsealed is returned as it is. Raises
    ConfigurationError when it does not open, InvalidRequest when only its digest is left.
    """
    spec = BaseInstanceSpec.model_validate(operation.request.get("spec"))
    text = spec.user_data
    if text is None:
        plain = None
    elif is_sealed(text):
        plain = plain_user_data(text, operation.workspace_id)
    elif is_digest(text):
        raise InvalidRequest(f"Operation {operation.id} has ended: its user data is gone.")
    else:
        register_user_data(text)
        plain = text
    return spec.opened(plain)


def _create(step: Step, operation: Operation, provider: Provider) -> StepResult:
    # Opened at the last moment: everything stored until here holds the sealed text.
    spec = _opened_spec(operation)
    compute = capability(provider, ComputeProvider)
    return instance_result(step.outcome, compute.create_instance(spec, operation.token))


def _start(step: Step, operation: Operation, provider: Provider) -> StepResult:
    capability(provider, ComputeProvider).start_instance(instance_reference(operation))
    return StepResult(step.outcome)


def _stop(step: Step, operation: Operation, provider: Provider) -> StepResult:
    power_off_only = operation.request.get("power_off_only") is True
    capability(provider, ComputeProvider).stop_instance(
        instance_reference(operation), power_off_only=power_off_only
    )
    return StepResult(step.outcome)


def _reboot(step: Step, operation: Operation, provider: Provider) -> StepResult:
    capability(provider, ComputeProvider).reboot_instance(instance_reference(operation))
    return StepResult(step.outcome)


def _report_unknown_reboot(step: Step, operation: Operation, provider: Provider) -> StepResult:
    raise NeverReached(
        f"It is not known whether the reboot of {instance_title(operation)} reached the cloud.",
        hint="Look at the instance, and request a reboot again if it still needs one.",
    )


def _inspect(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Read the instance, and decide whether it has to be stopped for the resize."""
    new_type = required_text(operation, "type")
    compute = capability(provider, ComputeProvider)
    instance = require_changeable(operation, provider)
    if instance.type == new_type:
        return instance_result(Position.READY, instance)
    running = instance.state is InstanceState.RUNNING
    if running and compute.must_stop_to_resize(instance, new_type):
        return instance_result(InstancePosition.STOPPING, instance)
    return instance_result(InstancePosition.RESIZING, instance)


def _resize(step: Step, operation: Operation, provider: Provider) -> StepResult:
    capability(provider, ComputeProvider).resize_instance(
        instance_reference(operation), required_text(operation, "type")
    )
    return StepResult(step.outcome)


def _delete(step: Step, operation: Operation, provider: Provider) -> StepResult:
    try:
        capability(provider, ComputeProvider).delete_instance(instance_reference(operation))
    except NotFound as error:
        # The id is another instance's by now, so the instance that was meant is gone.
        return StepResult(step.outcome, detail=nothing_changed(error.message))
    return StepResult(step.outcome)


def _remove_leftovers(step: Step, operation: Operation, provider: Provider) -> StepResult:
    capability(provider, ComputeProvider).remove_leftovers(instance_reference(operation))
    return StepResult(step.outcome)


def _set_tags(step: Step, operation: Operation, provider: Provider) -> StepResult:
    tags, removed = operation.request.get("tags"), operation.request.get("removed_tags")
    capability(provider, TagProvider).set_tags(
        instance_reference(operation),
        {key: str(value) for key, value in tags.items()} if isinstance(tags, dict) else {},
        [str(key) for key in removed] if isinstance(removed, list) else [],
    )
    return StepResult(step.outcome)


def _record(step: Step, operation: Operation, provider: Provider) -> StepResult:
    compute = capability(provider, ComputeProvider)
    instance = get_same(compute, instance_reference(operation))
    if instance.state is InstanceState.DELETED:
        raise NeverReached(f"{instance_title(operation)} was deleted during the operation.")
    return instance_result(step.outcome, instance)


def _await_running(step: Step, operation: Operation, provider: Provider) -> StepResult:
    instance = _wait_for(operation, provider, InstanceState.RUNNING)
    return instance_result(step.outcome, instance)


def _await_stopped(step: Step, operation: Operation, provider: Provider) -> StepResult:
    instance = _wait_for(operation, provider, InstanceState.STOPPED)
    return instance_result(step.outcome, instance)


def _await_gone(step: Step, operation: Operation, provider: Provider) -> StepResult:
    last = wait_for_state(
        capability(provider, ComputeProvider),
        instance_reference(operation),
        InstanceState.DELETED,
        deadline_seconds=wait_seconds(operation),
    )
    return StepResult(step.outcome) if last is None else instance_result(step.outcome, last)


def _wait_for(operation: Operation, provider: Provider, target: InstanceState) -> Instance:
    """Wait for a state; a wait that ends while the instance has another state is final."""
    compute = capability(provider, ComputeProvider)
    began = time.monotonic()
    while True:
        try:
            instance = wait_for_state(
                compute,
                instance_reference(operation),
                target,
                deadline_seconds=wait_seconds(operation),
            )
        except NotFound:
            new = operation.kind == InstanceAction.CREATE
            if not new or time.monotonic() - began > NEW_INSTANCE_SECONDS:
                raise
            time.sleep(2)
            continue
        except Timeout as error:
            if error.__cause__ is None:
                raise NeverReached(error.message, hint=error.hint) from error
            raise
        if instance is None:
            raise NeverReached(f"{instance_title(operation)} no longer exists.")
        return instance


CREATE: Final = Action("create", _create)
START: Final = Action("start", _start)
STOP: Final = Action("stop", _stop)
REBOOT: Final = Action("reboot", _reboot)
RESIZE: Final = Action("resize", _resize)
DELETE: Final = Action("delete", _delete)
REMOVE_LEFTOVERS: Final = Action("remove the leftovers of", _remove_leftovers)
SET_TAGS: Final = Action("tag", _set_tags)
REPORT_UNKNOWN_REBOOT: Final = Action(
    "report the unknown reboot of", _report_unknown_reboot, changes=False
)
INSPECT: Final = Action("inspect", _inspect, changes=False)
RECORD: Final = Action("record", _record, changes=False)
AWAIT_RUNNING: Final = Action("wait for running", _await_running, waits=True, changes=False)
AWAIT_STOPPED: Final = Action("wait for the stop of", _await_stopped, waits=True, changes=False)
AWAIT_GONE: Final = Action("wait for the end of", _await_gone, waits=True, changes=False)
