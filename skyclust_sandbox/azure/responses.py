"""How Azure Resource Manager answers: JSON, error envelopes and the headers of every reply.

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


def reply(
    content: object | None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a reply; without content it has no body."""
    number = str(uuid.uuid4())
    sent = {
        "x-ms-request-id": number,
        "x-ms-correlation-request-id": number,
        "Cache-Control": "no-cache",
        **(headers or {}),
    }
    if content is None:
        return Response(status=status, headers=sent)
    body = orjson.dumps(content)
    return Response(
        body, status=status, headers=sent, content_type="application/json; charset=utf-8"
    )


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Refused:
    """Return the error to raise when Azure refuses a call."""
    return Refused(reply(error_body(code, message), status, headers))


def error_body(code: str, message: str) -> Document:
    """Return the envelope of an error."""
    return {"error": {"code": code, "message": message}}


def timestamp(moment: datetime | None = None) -> str:
    """Return a time as Azure writes it; None is now."""
    moment = datetime.now(UTC) if moment is None else moment
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def today() -> datetime:
    """Return the beginning of this day: whoever starts anew on it finds the same times."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
