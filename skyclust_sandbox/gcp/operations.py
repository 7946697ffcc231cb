"""Operations: every change is accepted with one, which is PENDING, RUNNING and then DONE.

See https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.request_context import OperationFailure, RequestContext
from skyclust_sandbox.gcp.responses import Resource, invalid, not_ready, timestamp
from skyclust_sandbox.gcp.state import Project, State

_HTTP_MESSAGES: Final = {
    400: "BAD REQUEST",
    403: "FORBIDDEN",
    404: "NOT FOUND",
    409: "CONFLICT",
    429: "TOO MANY REQUESTS",
    500: "INTERNAL SERVER ERROR",
    503: "SERVICE UNAVAILABLE",
}

_PENDING_SHARE: Final = 0.2  # of an operation's duration


def no_change() -> None:
    """Change nothing: the default `finish` and `undo` of an operation."""


def start_operation(
    context: RequestContext,
    operation_type: str,
    target: Reference,
    target_id: str,
    *,
    finish: Callable[[], None] = no_change,
    undo: Callable[[], None] = no_change,
    steps: Sequence[tuple[float, Callable[[], None]]] = (),
    also_busy: Sequence[Reference] = (),
    failure: OperationFailure | None = None,
    immediate: bool = False,
) -> Resource:
    """Start an operation and return it as accepted.

    `steps` are changes on the way, each with its share of the duration. `finish` is the change
    at the end, or `undo` when the operation fails with `failure`. Until then, the target and the
    resources in `also_busy` reject other operations. `immediate` is for requests that the
    current state already satisfies.
    """
    state, failure = context.state, failure or context.failure
    operation = _new_operation(context, operation_type, target, target_id)
    busy = (target, *also_busy)
    for reference in busy:
        state.busy[reference.path] = operation

    def run() -> None:
        if operation["status"] == "PENDING":
            operation.update(status="RUNNING", startTime=timestamp())

    def end() -> None:
        if operation["status"] == "DONE":
            return  # a deletion of the target has aborted this operation
        for reference in busy:
            if state.busy.get(reference.path) is operation:
                del state.busy[reference.path]
        (undo if failure is not None else finish)()
        _complete(operation, failure)

    def unless_done(step: Callable[[], None]) -> Callable[[], None]:
        return lambda: step() if operation["status"] != "DONE" else None

    seconds = 0.0 if immediate else state.transition_seconds
    state.schedule(seconds * _PENDING_SHARE, run)
    for share, step in steps:
        state.schedule(seconds * share, unless_done(step))
    state.schedule(seconds, end)
    _record_request(context, operation)
    return operation


def require_ready(context: RequestContext, *references: Reference) -> None:
    """Raise Refused with resourceNotReady if an operation on one of the resources is running."""
    for reference in references:
        if reference.path in context.state.busy:
            raise not_ready(reference.path)


def abort_running_operation(state: State, reference: Reference) -> None:
    """Abort the operation that is running on a resource, because the resource is being deleted."""
    operation = state.busy.pop(reference.path, None)
    if operation is None:
        return
    for path in [path for path, running in state.busy.items() if running is operation]:
        del state.busy[path]
    message = f"The resource '{reference.path}' was deleted by another operation"
    _complete(operation, OperationFailure("RESOURCE_NOT_READY", 409, message))


def earlier_operation(context: RequestContext) -> Resource | None:
    """Return the operation of an earlier request with the same requestId, None for a new one.

    Raises Refused for an id that is not a UUID, and for the id of a different request.
    """
    request_id = context.query.get("requestId")
    if request_id is None:
        return None
    if not _is_uuid(request_id):
        raise invalid("requestId", request_id, "Must be a valid non-zero UUID.")
    earlier = context.project.requests.get(request_id)
    if earlier is None:
        return None
    digest, operation = earlier
    if digest != _request_digest(context):
        raise invalid("requestId", request_id, "A different request has used it.")
    return operation


def operations_in(project: Project, scope: str) -> dict[str, Resource]:
    """Return the operations of a scope by name."""
    return project.collection("operations", scope)


def _is_uuid(text: str) -> bool:
    try:
        return uuid.UUID(text).int != 0
    except ValueError:
        return False


def _new_operation(
    context: RequestContext, operation_type: str, target: Reference, target_id: str
) -> Resource:
    number = context.state.new_number()
    digits = hashlib.sha256(f"operation {number}".encode()).hexdigest()
    name = f"operation-{1_700_000_000_000 + number}-{digits[:13]}-{digits[13:21]}-{digits[21:29]}"
    reference = Reference(context.project.name, target.scope, "operations", name)
    operation: Resource = {
        "kind": "compute#operation",
        "id": context.state.new_id(),
        "name": name,
        "operationType": operation_type,
        "targetLink": target.link,
        "targetId": target_id,
        "status": "PENDING",
        "user": context.caller.email,
        "progress": 0,
        "insertTime": timestamp(),
        "selfLink": reference.link,
    }
    if target.scope != "global":
        key = "zone" if target.scope.startswith("zones/") else "region"
        operation[key] = scope_link(context.project.name, target.scope)
    operations_in(context.project, target.scope)[name] = operation
    return operation


def _complete(operation: Resource, failure: OperationFailure | None) -> None:
    operation.setdefault("startTime", timestamp())
    operation.update(status="DONE", progress=100, endTime=timestamp())
    if failure is not None:
        operation["error"] = {"errors": [{"code": failure.code, "message": failure.message}]}
        operation["httpErrorStatusCode"] = failure.status
        operation["httpErrorMessage"] = _HTTP_MESSAGES.get(failure.status, "ERROR")


def _record_request(context: RequestContext, operation: Resource) -> None:
    request_id = context.query.get("requestId")
    if request_id is not None:
        context.project.requests[request_id] = (_request_digest(context), operation)


def _request_digest(context: RequestContext) -> str:
    query = {name: value for name, value in context.query.items() if name != "requestId"}
    content = [context.method.id, dict(context.path), query, context.body]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
