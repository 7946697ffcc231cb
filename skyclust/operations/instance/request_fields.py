"""The fields of an operation on an instance that its steps need."""

from __future__ import annotations

from typing import Final

from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceReference
from skyclust.model.operation import Operation
from skyclust.model.redacted import without_secrets
from skyclust.model.resource import Resource, instance_resource
from skyclust.operations.step_result import StepResult, SubjectIdentity

DEFAULT_WAIT_SECONDS: Final = 900.0
"""The longest wait of an operation whose request names none."""


def instance_id(operation: Operation) -> str:
    """Return the id of an operation's instance; raises InvalidRequest when it names none."""
    if operation.subject_id is None:
        raise InvalidRequest(f"Operation {operation.id} names no instance.")
    return operation.subject_id


def instance_reference(operation: Operation) -> InstanceReference:
    """Return the reference by which the provider changes the operation's instance.

    Raises InvalidRequest when the operation names no instance, or has no proof of which
    instance it means: then the id may belong to another instance by now.
    """
    identity = instance_id(operation)
    if operation.subject_unique_id is None:
        raise InvalidRequest(
            f"Operation {operation.id} does not prove which instance {identity} was meant.",
            hint="An older version journalled it. Look at the instance, and request it again.",
        )
    return InstanceReference(
        region=operation.region, id=identity, unique_id=operation.subject_unique_id
    )


def required_text(operation: Operation, field: str) -> str:
    """Return a text field of the request; raises InvalidRequest when the request lacks it."""
    value = operation.request.get(field)
    if not isinstance(value, str):
        raise InvalidRequest(f"Operation {operation.id} names no {field.replace('_', ' ')}.")
    return value


def instance_title(operation: Operation) -> str:
    """Return the instance's name and region, for an error text."""
    name = operation.subject_name or operation.subject_id or "an instance"
    return f"Instance {name} in {operation.region}"


def wait_seconds(operation: Operation) -> float:
    """Return the longest duration of each wait of an operation, in seconds."""
    seconds = operation.request.get("wait_seconds")
    return float(seconds) if isinstance(seconds, (int, float)) else DEFAULT_WAIT_SECONDS


def instance_result(
    position: str, instance: Instance, *others: Resource, detail: str = ""
) -> StepResult:
    """Return the result of a step that read the instance, without secrets in what it reports.

    `others` are resources that belong to the instance and were read with it, such as a disk.
    """
    clean = without_secrets(instance)
    return StepResult(
        position,
        subject=SubjectIdentity(clean.id, clean.unique_id),
        resources=(instance_resource(clean), *map(without_secrets, others)),
        detail=detail or clean.native_state,
    )
