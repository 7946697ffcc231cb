"""The steps of deleting a resource that nothing uses.

The resource is read before anything is requested, and again with each request: its id may belong
to another one by now, and what nobody used may be in use.
"""

from __future__ import annotations

import time
from typing import Final

from skyclust.contract import DeletionProvider, Provider
from skyclust.errors import NeverReached, NotFound, Timeout
from skyclust.model.operation import Operation
from skyclust.model.redacted import without_secrets
from skyclust.model.resource import Resource, ResourceState
from skyclust.operations.position import Position
from skyclust.operations.resource.refusals import refusal
from skyclust.operations.resource.request_fields import (
    resource_reference,
    resource_title,
    wait_seconds,
)
from skyclust.operations.step_result import StepResult
from skyclust.operations.transitions import Action, Step
from skyclust.operations.waiting import poll
from skyclust.providerkit.deletable import BEING_DELETED, is_same
from skyclust.registry import capability

ERROR_SECONDS: Final = 60.0
"""A resource that was in error before its deletion may be shown so for a while after it."""


def is_ending(operation: Operation, provider: Provider) -> bool:
    """Return whether the resource is being deleted or no longer exists."""
    seen = _look(operation, provider)
    return seen is None or seen.state in BEING_DELETED


def _confirm(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Read the resource before anything is requested; refuse one that is not as it was."""
    reference = resource_reference(operation)
    try:
        seen = capability(provider, DeletionProvider).get_resource(
            reference.region, reference.kind, reference.id
        )
    except NotFound:
        return _already_gone(operation)
    return _refused(operation, seen) or StepResult(step.outcome, detail=seen.native_state or "")


def _delete(step: Step, operation: Operation, provider: Provider) -> StepResult:
    """Request the deletion, unless an earlier request of this operation has been carried out."""
    sent_before = step.intent is None
    seen = _look(operation, provider)
    if seen is None:
        return StepResult(step.outcome) if sent_before else _already_gone(operation)
    if sent_before and seen.state in BEING_DELETED:
        return StepResult(step.outcome, detail=seen.native_state or "")
    refused = _refused(operation, seen)
    if refused is not None:
        return refused
    try:
        capability(provider, DeletionProvider).delete_resource(resource_reference(operation))
    except NotFound:  # since it was read, a moment ago
        return StepResult(step.outcome) if sent_before else _already_gone(operation)
    return StepResult(step.outcome)


def _await_gone(step: Step, operation: Operation, provider: Provider) -> StepResult:
    began = time.monotonic()

    def look() -> bool | None:
        seen = _look(operation, provider)
        in_error = seen is not None and seen.state == ResourceState.ERROR
        if seen is not None and in_error and time.monotonic() - began > ERROR_SECONDS:
            raise NeverReached(
                f"{resource_title(operation)} was not deleted: it is {seen.native_state}.",
                provider=operation.provider,
            )
        return True if seen is None or seen.state == ResourceState.DELETED else None

    what = f"The end of {resource_title(operation)}"
    try:
        poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(error.message, hint=error.hint) from error
    return StepResult(step.outcome, removed=True)


def _look(operation: Operation, provider: Provider) -> Resource | None:
    """Return the resource as it is now, None when it or its id is no longer the one meant."""
    reference = resource_reference(operation)
    try:
        seen = capability(provider, DeletionProvider).get_resource(
            reference.region, reference.kind, reference.id
        )
    except NotFound:
        return None
    return seen if is_same(reference, seen) else None


def _refused(operation: Operation, seen: Resource) -> StepResult | None:
    """Return the end of an operation whose resource must not be deleted, with how it is now."""
    error = refusal(operation, seen)
    if error is None:
        return None
    return StepResult(Position.FAILED, resources=(without_secrets(seen),), error=error)


def _already_gone(operation: Operation) -> StepResult:
    """Return the end of an operation whose resource was gone before anything was requested."""
    error = NotFound(
        f"{resource_title(operation)} is already gone: nothing was deleted.",
        hint="Whatever deleted it, it was not this operation.",
        provider=operation.provider,
    )
    return StepResult(Position.FAILED, removed=True, error=error)


CONFIRM: Final = Action("confirm", _confirm, changes=False)
DELETE: Final = Action("delete", _delete)
AWAIT_GONE: Final = Action("wait for the end of", _await_gone, waits=True, changes=False)
