"""The fields of an operation on a resource that its steps need."""

from __future__ import annotations

from typing import Final

from skyclust.errors import InvalidRequest
from skyclust.model.operation import Operation
from skyclust.model.resource import ResourceKind
from skyclust.model.resource_reference import ResourceReference

DEFAULT_WAIT_SECONDS: Final = 900.0
"""The longest wait of an operation whose request names none."""


def resource_reference(operation: Operation) -> ResourceReference:
    """Return the reference by which the provider deletes the operation's resource.

    Raises InvalidRequest for an operation that does not prove which resource it means.
    """
    if operation.subject_id is None or operation.subject_unique_id is None:
        raise InvalidRequest(f"Operation {operation.id} does not prove which resource it means.")
    return ResourceReference(
        region=operation.region,
        kind=ResourceKind(operation.subject_kind),
        id=operation.subject_id,
        identity=operation.subject_unique_id,
    )


def resource_title(operation: Operation) -> str:
    """Return kind, name, id and region of an operation's resource, for a sentence."""
    name, resource_id = operation.subject_name or "", operation.subject_id or ""
    named = name if name in {"", resource_id} else f"{name} ({resource_id})"
    return f"{operation.subject_kind.capitalize()} {named or resource_id} in {operation.region}"


def expected_name(operation: Operation) -> str | None:
    """Return the name that the resource had when its deletion was requested."""
    name = operation.request.get("name")
    return name if isinstance(name, str) else None


def wait_seconds(operation: Operation) -> float:
    """Return the longest duration of each wait of an operation, in seconds."""
    seconds = operation.request.get("wait_seconds")
    return float(seconds) if isinstance(seconds, (int, float)) else DEFAULT_WAIT_SECONDS
