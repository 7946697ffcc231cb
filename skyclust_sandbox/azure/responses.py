"""Responses of Azure Resource Manager: JSON bodies, error bodies and common headers.

Source: https://learn.microsoft.com/en-us/rest/api/azure/#async-operations-throttling-and-paging
and the common error response of the Azure REST API guidelines.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson
from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused

Document = dict[str, object]


def json_response(
    content: object | None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response with this JSON content; None sends no body."""
    request_id = str(uuid.uuid4())
    all_headers = {
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": request_id,
        "Cache-Control": "no-cache",
        **(headers or {}),
    }
    if content is None:
        return Response(status=status, headers=all_headers)
    return Response(
        orjson.dumps(content),
        status=status,
        headers=all_headers,
        content_type="application/json; charset=utf-8",
    )


def arm_error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Refused:
    """Return the exception to raise for a Resource Manager error response."""
    return Refused(json_response(error_body(code, message), status, headers))


def error_body(code: str, message: str) -> Document:
    """Return the body of an error response."""
    return {"error": {"code": code, "message": message}}


def timestamp(when: datetime | None = None) -> str:
    """Return a time in Azure's format; None means now."""
    when = datetime.now(UTC) if when is None else when
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def start_of_today() -> datetime:
    """Return today's midnight in UTC: two resets on one day produce the same timestamps."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
