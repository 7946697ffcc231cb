"""One table from what the SDK raises and OpenStack answers to the errors of SkyClust.

OpenStack's services have few codes: Neutron names the type of its error, Nova the kind of its
fault, Cinder and Glance give a status and a sentence. Four lookups, most exact first: Neutron's
type, what the sentence says about quota and room, the fault or status, the class of the SDK's
error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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
    UnexpectedAnswer,
    Unsupported,
)

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
    413: Throttled,  # Nova's and Cinder's own limits before 2014, still sent for quotas
    429: Throttled,
    501: Unsupported,
    504: Timeout,
}

# Nova and Cinder answer 403 or 413 for a quota, Neutron 409. Whoever may not at all is told by
# the policy's rule instead. https://docs.openstack.org/nova/latest/admin/quotas.html
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

# Keystone answers 404 for an application credential, or its user, that was deleted. A token is
# renewed in the middle of any call.
_SIGN_IN: Final = "/auth/tokens"

# Glance keeps the line breaks of the page that it has for browsers.
_LINE_BREAK: Final = re.compile(r"<br ?/?>")

HINTS: Final[Mapping[type[SkyClustError], str]] = {
    QuotaExceeded: "Ask for a higher quota of the project, or free something.",
    CapacityExhausted: "Choose another zone, type or region, or try again later.",
    PermissionDenied: "Has the credential a role that may do this in its project?",
}
ODD_ANSWER_HINT: Final = "Is a proxy or another service answering at the endpoint?"
_AUTHENTICATION_HINT: Final = (
    "Check user or application credential, secret, domains and project, and that none has expired."
)


def is_quota(sentence: str) -> bool:
    """Return whether a sentence of OpenStack tells that a quota is used up."""
    return bool(_QUOTA.search(sentence)) and not _RATE.search(sentence)


def is_capacity(sentence: str) -> bool:
    """Return whether a sentence of OpenStack tells that there is no room."""
    return bool(_CAPACITY.search(sentence))


def class_for(status: int, code: str, sentence: str) -> type[SkyClustError]:
    """Return our class for an answer: its status, the name of its error, and its sentence."""
    if exact := TYPES.get(code):
        return exact
    if status in {400, 403, 409, 413} and is_quota(sentence):
        return QuotaExceeded
    if status in {400, 409, 500} and is_capacity(sentence):
        return CapacityExhausted
    by_ending = next((ours for ending, ours in ENDINGS if code.endswith(ending)), None)
    fallback = Unavailable if status >= 500 or status < 400 else InvalidRequest
    return by_ending or STATUSES.get(status) or FAULTS.get(code) or fallback


def read_answer(content: Any) -> tuple[str, str]:
    """Return the name and the sentence of the error in an answer's JSON; empty where none is.

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
    for name, said in content.items():
        if isinstance(said, Mapping):
            code = said.get("type") or (name if name != "error" else said.get("title")) or name
            return str(code), str(said.get("message") or said.get("detail") or "")
        if isinstance(said, str):
            return str(name), said
    return "", ""


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, None without one (RFC 9110 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        timestamp = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (timestamp.replace(tzinfo=timestamp.tzinfo or UTC) - now).total_seconds())


def translated(error: Exception, doing: str) -> SkyClustError | None:
    """Return our error for one of the SDK's; None for an error that is not the SDK's.

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
        if ours := CLASSES.get(name):
            return _built(ours, names[0], _first_line(str(error)), doing)
    return None


def _from_response(response: Any, status: int, doing: str) -> SkyClustError:
    try:
        content = response.json()
    except ValueError:  # a proxy's page
        content = None
    code, sentence = read_answer(content)
    ours = class_for(status, code, sentence)
    if ours is NotFound and str(response.url).endswith(_SIGN_IN):
        # Never NotFound: it would say that what was asked for is gone.
        ours = AuthenticationFailed if sentence else ConfigurationError
        sentence = sentence or "there is no Keystone v3 at the identity endpoint"
    built = _built(ours, code or str(status), sentence or f"it answered {status}", doing)
    if isinstance(built, Throttled):
        built.retry_after = retry_after_seconds(response.headers, datetime.now(UTC))
    return built


def _built(ours: type[SkyClustError], code: str, sentence: str, doing: str) -> SkyClustError:
    if ours is AuthenticationFailed:
        return ours(
            f"Could not {doing}: OpenStack does not accept the credential ({code}).",
            hint=_AUTHENTICATION_HINT,
            provider="openstack",
            code=code,
        )
    said = _first_line(sentence).rstrip(". ") or "OpenStack gave no reason"
    return ours(
        f"Could not {doing}: {said} ({code}).",
        hint=HINTS.get(ours, ""),
        provider="openstack",
        code=code,
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""


@contextmanager
def openstack_errors(doing: str) -> Iterator[None]:
    """Raise what the SDK raises inside as an error of our tree, with the SDK's as its cause.

    An exception that is neither is what an answer does to a reader that its API does not promise:
    it becomes UnexpectedAnswer. `doing` completes "Could not ...".
    """
    try:
        yield
    except SkyClustError:
        raise
    except Exception as error:
        raise (translated(error, doing) or _unexpected(error, doing)) from error


def _unexpected(error: Exception, doing: str) -> UnexpectedAnswer:
    what = f"{type(error).__name__}: {_first_line(str(error))}"
    return UnexpectedAnswer(
        f"Could not {doing}: the answer is not as the API has it ({what:.200}).",
        hint=ODD_ANSWER_HINT,
        provider="openstack",
    )
