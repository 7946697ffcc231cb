"""Mapping errors of the SDK and of OpenStack's replies to the error classes of SkyClust.

OpenStack's services have few error codes: Neutron returns the type of its error, Nova the name of
its fault, Cinder and Glance an HTTP status and a message. Four lookups, the most specific first:
Neutron's type, the message (quota and capacity), the fault or the status, the class of the SDK's
exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from providers.openstack.error_codes import CLASSES, ENDINGS, FAULTS, TYPES
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    Unsupported,
)
from skyclust.providerkit.error_context import ErrorContext
from skyclust.providerkit.retry_after import retry_after_seconds

_CONTEXT: Final = ErrorContext(provider="openstack", cloud="OpenStack")

STATUSES: Final[Mapping[int, type[SkyClustError]]] = {
    400: InvalidRequest,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: Unsupported,
    406: Unsupported,  # a microversion that the service does not have
    408: Timeout,
    409: Conflict,
    410: NotFound,
    413: Throttled,  # rate limits of Nova and Cinder before 2014, still returned for quotas
    429: Throttled,
    501: Unsupported,
    504: Timeout,
}

# For a quota Nova and Cinder return 403 or 413, Neutron 409. The message of a 403 for a missing
# permission names the policy rule instead. https://docs.openstack.org/nova/latest/admin/quotas.html
_QUOTA: Final = re.compile(
    r"quota|limit ?exceeded|maximum number of \w+ (allowed|exceeded)|exceeds .*limit"
    r"|is over limit|over limit for",
    re.IGNORECASE,
)
_CAPACITY: Final = re.compile(
    r"no valid (host|backend)|maximum number of retries|not enough hosts"
    r"|insufficient compute resources|exhausted all hosts|max scheduling attempts"
    r"|no (more|free|available) (fixed |floating )?(ip|address)|zero fixed ips|no fixed ip address"
    r"|ip ?address ?generation ?failure|allocation candidates",
    re.IGNORECASE,
)
_RATE: Final = re.compile(r"rate[- ]limit|too many requests|retry later", re.IGNORECASE)

# Keystone returns 404 for a deleted application credential, or one of a deleted user. The SDK may
# renew the token during any call.
_TOKENS_PATH: Final = "/auth/tokens"

# Glance's messages contain the line breaks of its HTML error page.
_LINE_BREAK: Final = re.compile(r"<br ?/?>")

HINTS: Final[Mapping[type[SkyClustError], str]] = {
    QuotaExceeded: "Request a higher quota for the project, or delete something.",
    CapacityExhausted: "Choose another zone, type or region, or try again later.",
    PermissionDenied: "Does the credential have a role that permits this in its project?",
}
_AUTHENTICATION_HINT: Final = (
    "Check user or application credential, secret, domains and project, and that none has expired."
)


def is_quota(message: str) -> bool:
    """Return whether a message of OpenStack says that a quota is exceeded."""
    return bool(_QUOTA.search(message)) and not _RATE.search(message)


def is_capacity(message: str) -> bool:
    """Return whether a message of OpenStack says that there is no capacity."""
    return bool(_CAPACITY.search(message))


def class_for(status: int, code: str, message: str) -> type[SkyClustError]:
    """Return the error class for a reply: its HTTP status, its error code, and its message."""
    if exact := TYPES.get(code):
        return exact
    if status in {400, 403, 409, 413} and is_quota(message):
        return QuotaExceeded
    if status in {400, 409, 500} and is_capacity(message):
        return CapacityExhausted
    by_ending = next((kind for ending, kind in ENDINGS if code.endswith(ending)), None)
    fallback = Unavailable if status >= 500 or status < 400 else InvalidRequest
    return by_ending or STATUSES.get(status) or FAULTS.get(code) or fallback


def read_answer(content: Any) -> tuple[str, str]:
    """Return the code and the message of the error in a reply's JSON, empty where there is none.

    Nova, Cinder and Keystone: {fault: {message, code}}; Neutron: {NeutronError: {type, message,
    detail}}; Glance: {code: "404 Not Found", title, message}; Octavia: {faultcode,
    faultstring}; some proxies: {error: text}.
    """
    if not isinstance(content, Mapping):
        return "", ""
    if {"code", "title", "message"} <= set(content):
        return str(content["code"]), _LINE_BREAK.sub(" ", str(content["message"])).strip()
    if "faultstring" in content:
        return str(content.get("faultcode", "")), str(content["faultstring"])
    for name, value in content.items():
        if isinstance(value, Mapping):
            code = value.get("type") or (name if name != "error" else value.get("title")) or name
            return str(code), str(value.get("message") or value.get("detail") or "")
        if isinstance(value, str):
            return str(name), value
    return "", ""


def translated(error: Exception, doing: str) -> SkyClustError | None:
    """Return the error of SkyClust for an exception of the SDK; None for any other exception.

    `doing` completes "Could not ...".
    """
    names = [
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.partition(".")[0] in {"openstack", "keystoneauth1", "requests"}
    ]
    response: Any = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if names and status is not None:
        return _from_response(response, int(status), doing)
    for name in names:
        if kind := CLASSES.get(name):
            return _to_error(kind, names[0], str(error), doing)
    return None


def _from_response(response: Any, status: int, doing: str) -> SkyClustError:
    try:
        content = response.json()
    except ValueError:  # the HTML page of a proxy
        content = None
    code, message = read_answer(content)
    kind = class_for(status, code, message)
    if kind is NotFound and str(response.url).endswith(_TOKENS_PATH):
        # NotFound would mean that the object of the call does not exist.
        kind = AuthenticationFailed if message else ConfigurationError
        message = message or "there is no Keystone v3 at the identity endpoint"
    error = _to_error(
        kind, code or str(status), message or _without_message(content, status), doing
    )
    if isinstance(error, Throttled):
        error.retry_after = retry_after_seconds(response.headers, datetime.now(UTC))
    return error


def _without_message(content: object, status: int) -> str:
    if content is None:
        return f"the answer, of HTTP status {status}, is not JSON: perhaps a proxy or login page"
    return f"HTTP status {status}"


def _to_error(kind: type[SkyClustError], code: str, message: str, doing: str) -> SkyClustError:
    if kind is AuthenticationFailed:
        return _CONTEXT.credential_refused(doing, code=code, hint=_AUTHENTICATION_HINT)
    first_line = message.strip().partition("\n")[0]
    return _CONTEXT.error(kind, doing, first_line, code=code, hint=HINTS.get(kind, ""))


@contextmanager
def openstack_errors(doing: str) -> Iterator[None]:
    """Raise an exception of the SDK as an error of SkyClust, with the original as its cause.

    Used in a `with` statement or as a decorator. Any other exception comes from a reply that does
    not match its API, and becomes UnexpectedAnswer. `doing` completes "Could not ...".
    """
    with _CONTEXT.translating(doing, translated):
        yield
