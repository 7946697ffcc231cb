"""How Google writes replies and errors.

Compute Engine's own errors carry a reason and no status; those of the front end that stands
before all of Google's APIs carry both
(https://cloud.google.com/apis/design/errors, https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused

Resource = dict[str, Any]
"""A resource as it is on the wire."""

LINK: Final = "https://www.googleapis.com/compute/v1/"
"""What Google's links begin with, whichever endpoint was asked."""

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def reply(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a reply in JSON."""
    return Response(
        orjson.dumps(content),
        status=status,
        headers=dict(headers or {}),
        content_type="application/json; charset=UTF-8",
    )


def error_reply(
    code: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    location: Mapping[str, str] | None = None,
    front: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an error; `front` writes it as the front end does, with a status."""
    error: Resource = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason, **(location or {})}],
    }
    if front:
        error["status"] = _STATUSES.get(code, "UNKNOWN")
    return reply({"error": error}, code, headers)


def refused(code: int, reason: str, message: str, **named: Any) -> Refused:
    """Return what to raise to answer with an error; takes what `error_reply` takes."""
    return Refused(error_reply(code, reason, message, **named))


def not_found(path: str) -> Refused:
    """Return the refusal of a resource that is not there; `path` begins with `projects/`."""
    return refused(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> Refused:
    """Return the refusal of a name that is taken."""
    return refused(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> Refused:
    """Return the refusal of a change to what something else is changing."""
    return refused(400, "resourceNotReady", f"The resource '{path}' is not ready")


def in_use(path: str, user: str) -> Refused:
    """Return the refusal to touch what another resource uses."""
    return refused(
        400,
        "resourceInUseByAnotherResource",
        f"The resource '{path}' is already being used by '{user}'",
    )


def invalid(field: str, value: object, what: str) -> Refused:
    """Return the refusal of a field's value."""
    return refused(400, "invalid", f"Invalid value for field '{field}': '{value}'. {what}")


def bad_request(message: str, violations: list[tuple[str, str]]) -> Refused:
    """Return the refusal of a body or a query that the front end cannot read."""
    error: Resource = {
        "code": 400,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "badRequest"}],
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": field, "description": said} for field, said in violations
                ],
            }
        ],
    }
    return Refused(reply({"error": error}, 400))
