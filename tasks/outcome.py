"""What a step of an operation came to, and what its operation says about where and what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skyclust.contract import Provider
from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.instance import Instance
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


def wanted(operation: Operation, field: str) -> str:
    """Return a text of what was asked for; raises InvalidRequest when it was not given."""
    value = operation.request.get(field)
    if not isinstance(value, str):
        raise InvalidRequest(f"Operation {operation.id} names no {field.replace('_', ' ')}.")
    return value


def named(operation: Operation) -> str:
    """Return the machine's name and region, for an error."""
    name = operation.instance_name or operation.instance_id or "a machine"
    return f"Instance {name} in {operation.region}"
