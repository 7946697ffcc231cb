"""JSON responses of Google's APIs: resources, error bodies, timestamps and fingerprints.

An error of Compute Engine itself has a reason and no status. An error of the front end, which
handles requests for all Google APIs, has both
(https://cloud.google.com/apis/design/errors, https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-errors).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

import orjson
from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused

Resource = dict[str, Any]
"""The JSON object of a resource, with Google's field names."""

_PACIFIC: Final = timezone(timedelta(hours=-8))

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


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an HTTP response with a JSON body."""
    return Response(
        orjson.dumps(content),
        status=status,
        headers=dict(headers or {}),
        content_type="application/json; charset=UTF-8",
    )


def error_response(
    code: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    location: Mapping[str, str] | None = None,
    from_front_end: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an HTTP error response; an error `from_front_end` has a status in its body."""
    error: Resource = {
        "code": code,
        "message": message,
        "errors": [{"message": message, "domain": domain, "reason": reason, **(location or {})}],
    }
    if from_front_end:
        error["status"] = _STATUSES.get(code, "UNKNOWN")
    return json_response({"error": error}, code, headers)


def refused(code: int, reason: str, message: str, **options: Any) -> Refused:
    """Return the exception of an error response; `options` are those of `error_response`."""
    return Refused(error_response(code, reason, message, **options))


def not_found(path: str) -> Refused:
    """Return the error of a resource that does not exist; `path` begins with `projects/`."""
    return refused(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> Refused:
    """Return the error of a name that another resource has."""
    return refused(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> Refused:
    """Return the error of a resource in a state, or under an operation, that forbids the change."""
    return refused(400, "resourceNotReady", f"The resource '{path}' is not ready")


def in_use(path: str, user: str) -> Refused:
    """Return the error of a resource that another resource uses."""
    return refused(
        400,
        "resourceInUseByAnotherResource",
        f"The resource '{path}' is already being used by '{user}'",
    )


def invalid(field: str, value: object, explanation: str) -> Refused:
    """Return the error of an invalid value of a request field."""
    return refused(400, "invalid", f"Invalid value for field '{field}': '{value}'. {explanation}")


def bad_request(message: str, violations: list[tuple[str, str]]) -> Refused:
    """Return the front end's error of a malformed body or query.

    `violations` are pairs of a field's path and a description.
    """
    error: Resource = {
        "code": 400,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": "badRequest"}],
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": field, "description": description}
                    for field, description in violations
                ],
            }
        ],
    }
    return Refused(json_response({"error": error}, 400))


def timestamp(time: datetime | None = None) -> str:
    """Return a time, by default the present, in the format of Compute Engine's timestamps."""
    time = time or datetime.now(UTC)
    return time.astimezone(_PACIFIC).isoformat(timespec="milliseconds")


def fingerprint(content: Any) -> str:
    """Return a fingerprint of a JSON value: a hash of eight bytes in base64."""
    encoded = json.dumps(content, sort_keys=True).encode()
    return base64.urlsafe_b64encode(hashlib.blake2b(encoded, digest_size=8).digest()).decode()
