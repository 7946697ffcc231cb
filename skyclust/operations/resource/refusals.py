"""Why a resource is not deleted although its deletion was requested: it is not as it was."""

from __future__ import annotations

from typing import Final

from skyclust.errors import Conflict
from skyclust.model.kept import KEEP_TAG, is_kept
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource
from skyclust.operations.resource.request_fields import (
    expected_name,
    resource_reference,
    resource_title,
)
from skyclust.providerkit.deletable import BEING_DELETED, is_same, use_of

_LOOK_AGAIN: Final = "Sync the inventory, and look at it again."


def refusal(operation: Operation, seen: Resource) -> Conflict | None:
    """Return why a resource must not be deleted as it is now, None when it may be."""
    reason = _reason(operation, seen)
    if not reason:
        return None
    return Conflict(
        f"{resource_title(operation)} was not deleted: {reason}.",
        hint=_LOOK_AGAIN,
        provider=operation.provider,
    )


def _reason(operation: Operation, seen: Resource) -> str:
    if not is_same(resource_reference(operation), seen):
        return "another resource has its id by now"
    name = expected_name(operation)
    if name is not None and seen.name != name:
        return f"it was renamed to {seen.name!r} since"
    if is_kept(seen):
        return f"it has the tag {KEEP_TAG}"
    if seen.state in BEING_DELETED:
        return "something else is deleting it"
    return use_of(seen)
