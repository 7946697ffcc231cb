"""What a step of an operation came to, and what its operation says about where and what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skyclust.contract import Provider
from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.instance import Instance, InstanceReference
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource
from skyclust.steps import Position, Step


@dataclass(frozen=True)
class Done:
    """The line to write, and the machine and its disk as they were last seen.

    `error` is why the path turns back here, `detail` what the line tells beside itself.
    """

    position: Position
    instance: Instance | None = None
    disk: Resource | None = None
    error: SkyClustError | None = None
    detail: str = ""


Perform = Callable[[Step, Operation, Provider], Done]
"""Does one step at the cloud; writes nothing to the store."""


def instance_id(operation: Operation) -> str:
    """Return the id of an operation's machine; raises InvalidRequest when it names none."""
    if operation.instance_id is None:
        raise InvalidRequest(f"Operation {operation.id} names no machine.")
    return operation.instance_id


def reference(operation: Operation) -> InstanceReference:
    """Return what a change of an operation's machine names it by.

    Raises InvalidRequest when the operation names no machine, or has no proof of which one it
    is: then the id may belong to another machine by now.
    """
    identity = instance_id(operation)
    if operation.instance_unique_id is None:
        raise InvalidRequest(
            f"Operation {operation.id} does not prove which machine {identity} was meant.",
            hint="An older version journalled it. Look at the machine, and ask for it again.",
        )
    return InstanceReference(
        region=operation.region, id=identity, unique_id=operation.instance_unique_id
    )


def wanted(operation: Operation, field: str) -> str:
    """Return a text of what was asked for; raises InvalidRequest when it was not given."""
    value = operation.request.get(field)
    if not isinstance(value, str):
        raise InvalidRequest(f"Operation {operation.id} names no {field.replace('_', ' ')}.")
    return value


def place(operation: Operation) -> str:
    """Return an operation's machine and region, for a name or a log line."""
    return f"{operation.instance_name or operation.instance_id} in {operation.region}"


def named(operation: Operation) -> str:
    """Return the machine's name and region, for an error."""
    name = operation.instance_name or operation.instance_id or "a machine"
    return f"Instance {name} in {operation.region}"
