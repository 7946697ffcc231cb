"""Replies, error formats and time formats of the services."""

from __future__ import annotations

import math
import re
import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused

Body = dict[str, Any]
"""A JSON object of a request or reply."""

_FAULT_NAMES: Final = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
"""The names of nova's and cinder's errors by status; any other status is a computeFault.

Source: https://docs.openstack.org/api-guide/compute/faults.html
"""

_NEUTRON_TYPES: Final = {
    400: "HTTPBadRequest",
    403: "PolicyNotAuthorized",
    404: "HTTPNotFound",
    409: "Conflict",
    500: "HTTPInternalServerError",
    503: "ServiceUnavailable",
}


def reply(content: object, status: int = 200) -> Response:
    """Return a JSON reply."""
    response = Response(orjson.dumps(content), status=status, mimetype="application/json")
    response.headers["x-openstack-request-id"] = f"req-{secrets.token_hex(16)}"
    return response


def empty(status: int = 204) -> Response:
    """Return a reply without a body."""
    response = Response(b"", status=status)
    response.headers["x-openstack-request-id"] = f"req-{secrets.token_hex(16)}"
    return response


def refused(
    service: str, status: int, message: str, *, code: str = "", retry_after: float | None = None
) -> Refused:
    """Return the refusal of a call in the error format of a service.

    `code` replaces the service's own name of the error. `retry_after` is in seconds; the header
    Retry-After has it rounded up to whole seconds, at least one.
    """
    wait = None if retry_after is None else max(1, math.ceil(retry_after))
    if service == "image":
        response = reply(_glance_error(status, message), status)
    elif status == 401:
        response = reply(_identity_error(status, message), status)
        response.headers["WWW-Authenticate"] = 'Keystone uri="/identity"'
    else:
        response = reply(_error_body(service, status, message, code, wait), status)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return Refused(response)


def _error_body(service: str, status: int, message: str, code: str, wait: int | None) -> Body:
    if service == "identity":
        return _identity_error(status, message)
    if service == "network":
        kind = code or _NEUTRON_TYPES.get(status, "HTTPError")
        return {"NeutronError": {"type": kind, "message": message, "detail": ""}}
    if service == "load-balancer":
        side = "Client" if status < 500 else "Server"
        return {"faultcode": code or side, "faultstring": message, "debuginfo": None}
    if service == "rating":
        return {"message": message}
    error: Body = {"code": status, "message": message}
    if wait is not None:
        error["retryAfter"] = str(wait)
    return {code or _FAULT_NAMES.get(status, "computeFault"): error}


def _identity_error(status: int, message: str) -> Body:
    return {"error": {"code": status, "message": message, "title": HTTPStatus(status).phrase}}


def _glance_error(status: int, message: str) -> Body:
    """Return an error as glance writes it for clients that accept JSON: with HTML line breaks.

    Source: the replies of glance 32.0 to `Accept: application/json`.
    """
    title = HTTPStatus(status).phrase
    return {
        "message": f"{message}<br /><br />\n\n\n",
        "code": f"{status} {title}",
        "title": title,
    }


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def seconds_time(moment: datetime) -> str:
    """Return a time in the format of nova, glance and neutron: 2026-01-31T12:00:00Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def bare_time(moment: datetime | None) -> str | None:
    """Return a time in the format of cinder and nova's extensions: 2026-01-31T12:00:00.000000."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%f}"


def token_time(moment: datetime) -> str:
    """Return a time in the format of keystone: 2026-01-31T12:00:00.000000Z."""
    return f"{bare_time(moment)}Z"


def parse_time(text: str) -> datetime | None:
    """Return the time in a query argument, or None when it is not a valid time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_true(text: object) -> bool:
    """Return whether a value of a query or body is true, as oslo's bool_from_string parses it."""
    return re.fullmatch(r"1|t|true|on|y|yes", str(text).strip().lower()) is not None
