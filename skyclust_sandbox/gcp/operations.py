"""Operations: what is under way, and how it ends.

Every change is accepted with an operation that is PENDING, RUNNING and DONE in turn
(https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.responses import Resource, invalid, not_ready
from skyclust_sandbox.gcp.state import OperationFailure, Project, Work, World, timestamp

_MESSAGES: Final = {
    400: "BAD REQUEST",
    403: "FORBIDDEN",
    404: "NOT FOUND",
    409: "CONFLICT",
    429: "TOO MANY REQUESTS",
    500: "INTERNAL SERVER ERROR",
    503: "SERVICE UNAVAILABLE",
}

_RUNNING_AFTER: Final = 0.2  # of the time that an operation takes


def nothing() -> None:
    """Do nothing: what an operation does that changes nothing."""


def begin(
    work: Work,
    kind: str,
    target: Reference,
    target_id: str,
    *,
    finish: Callable[[], None] = nothing,
    undo: Callable[[], None] = nothing,
    steps: Sequence[tuple[float, Callable[[], None]]] = (),
    also: Sequence[Reference] = (),
    failure: OperationFailure | None = None,
    at_once: bool = False,
) -> Resource:
    """Begin an operation and return it as accepted.

    `steps` happen on the way, each at its share of the time; at the end `finish` happens, or
    `undo` when the operation is to fail. The target and `also` are busy until then.
    `at_once` is for a change that is none.
    """
    world, failure = work.world, failure or work.failure
    operation = _new(work, kind, target, target_id)
    where = (target, *also)
    for one in where:
        world.busy[one.path] = operation

    def run() -> None:
        if operation["status"] == "PENDING":
            operation.update(status="RUNNING", startTime=timestamp())

    def end() -> None:
        if operation["status"] == "DONE":
            return  # a deletion has overtaken it
        for one in where:
            if world.busy.get(one.path) is operation:
                del world.busy[one.path]
        (undo if failure is not None else finish)()
        _close(operation, failure)

    def still(step: Callable[[], None]) -> Callable[[], None]:
        return lambda: step() if operation["status"] != "DONE" else None

    seconds = 0.0 if at_once else world.transition_seconds
    world.later(seconds * _RUNNING_AFTER, run)
    for share, step in steps:
        world.later(seconds * share, still(step))
    world.later(seconds, end)
    _remember(work, operation)
    return operation


def require_idle(work: Work, *where: Reference) -> None:
    """Refuse a change to what another operation is changing."""
    for one in where:
        if one.path in work.world.busy:
            raise not_ready(one.path)


def overtake(world: World, where: Reference) -> None:
    """End the operation that works on something now, for it is being deleted."""
    operation = world.busy.pop(where.path, None)
    if operation is None:
        return
    for path in [path for path, busy in world.busy.items() if busy is operation]:
        del world.busy[path]
    message = f"The resource '{where.path}' was deleted by another operation"
    _close(operation, OperationFailure("RESOURCE_NOT_READY", 409, message))


def repeated(work: Work) -> Resource | None:
    """Return the operation of an earlier request with the same requestId, None for a new one.

    Raises a refusal for an id that is no UUID, and for one that another request had.
    """
    request_id = work.query.get("requestId")
    if request_id is None:
        return None
    if not _is_uuid(request_id):
        raise invalid("requestId", request_id, "Must be a valid non-zero UUID.")
    known = work.project.requests.get(request_id)
    if known is None:
        return None
    asked, operation = known
    if asked != _asked(work):
        raise invalid("requestId", request_id, "It was used by a request that asked otherwise.")
    return operation


def operations(project: Project, scope: str) -> dict[str, Resource]:
    """Return the operations of a scope by name."""
    return project.shelf("operations", scope)


def _is_uuid(text: str) -> bool:
    try:
        return uuid.UUID(text).int != 0
    except ValueError:
        return False


def _new(work: Work, kind: str, target: Reference, target_id: str) -> Resource:
    number = work.world.new_number()
    digits = hashlib.sha256(f"operation {number}".encode()).hexdigest()
    name = f"operation-{1_700_000_000_000 + number}-{digits[:13]}-{digits[13:21]}-{digits[21:29]}"
    here = Reference(work.project.name, target.scope, "operations", name)
    now = timestamp()
    operation: Resource = {
        "kind": "compute#operation",
        "id": work.world.new_id(),
        "name": name,
        "operationType": kind,
        "targetLink": target.link,
        "targetId": target_id,
        "status": "PENDING",
        "user": work.caller.email,
        "progress": 0,
        "insertTime": now,
        "selfLink": here.link,
    }
    if target.scope != "global":
        key = "zone" if target.scope.startswith("zones/") else "region"
        operation[key] = scope_link(work.project.name, target.scope)
    operations(work.project, target.scope)[name] = operation
    return operation


def _close(operation: Resource, failure: OperationFailure | None) -> None:
    operation.setdefault("startTime", timestamp())
    operation.update(status="DONE", progress=100, endTime=timestamp())
    if failure is not None:
        operation["error"] = {"errors": [{"code": failure.code, "message": failure.message}]}
        operation["httpErrorStatusCode"] = failure.status
        operation["httpErrorMessage"] = _MESSAGES.get(failure.status, "ERROR")


def _remember(work: Work, operation: Resource) -> None:
    request_id = work.query.get("requestId")
    if request_id is not None:
        work.project.requests[request_id] = (_asked(work), operation)


def _asked(work: Work) -> str:
    query = {name: value for name, value in work.query.items() if name != "requestId"}
    written = json.dumps([work.method.id, dict(work.path), query, work.body], sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()
