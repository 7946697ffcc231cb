"""Maps the replies of Google's APIs, and the exceptions of its libraries, to the error tree.

A reply is looked up by its reasons first, then by its HTTP status. Compute Engine spells one
reason in two ways (`resourceNotReady` in a reply, `RESOURCE_NOT_READY` in a failed operation):
case and underscores are ignored. An exception that google-auth, requests or google-api-core
raises without a reply is looked up by its class.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Final

from providers.gcp.error_tables import CLASSES, HINTS, REASONS, STATUSES
from skyclust.errors import (
    AuthenticationFailed,
    InvalidRequest,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust.providerkit.error_context import ErrorContext
from skyclust.providerkit.retry_after import retry_after_seconds

_ERRORS: Final = ErrorContext("gcp", "Google")

_LIBRARIES: Final = ("google.auth.", "google.api_core.", "requests.")
_AUTHENTICATION_HINT: Final = "Check that the credential is complete, active and not expired."
_NO_TOKEN: Final = "no access token in response"  # noqa: S105  # google-auth's message
"""The message of google-auth for a successful token reply without a token."""

_CLOCK_SKEW: Final = "reasonable timeframe"
"""Part of Google's message for a signed request whose times differ from its clock."""

_CLOCK_SKEW_HINT: Final = "Set the clock of the worker's host: it differs from Google's."


def error_class_for(reasons: Sequence[str], status: int) -> type[SkyClustError]:
    """Return the error class for the reasons and the HTTP status of a reply.

    A status of 401 takes precedence over its reasons: Google returns `required` both for a
    missing token and for a missing field.
    """
    if status != 401:
        for reason in reasons:
            if error_class := REASONS.get(normalize_reason(reason)):
                return error_class
    if error_class := STATUSES.get(status):
        return error_class
    return Unavailable if status >= 500 or status < 400 else InvalidRequest


def normalize_reason(reason: str) -> str:
    """Return a reason as the tables spell it: `RESOURCE_NOT_READY` is `resourcenotready`."""
    return reason.replace("_", "").lower()


def map_error(error: Exception, doing: str) -> SkyClustError | None:
    """Return the error of the tree for one of Google's libraries or requests, else None.

    `doing` completes "Could not ...".
    """
    names = [
        f"{kind.__module__}.{kind.__name__}"
        for kind in type(error).__mro__
        if kind.__module__.startswith(_LIBRARIES)
    ]
    if not names:
        return None
    status = getattr(error, "code", None)
    if isinstance(status, int):
        return _map_reply(error, int(status), doing)
    code = type(error).__name__
    if "google.auth.exceptions.RefreshError" in names and _NO_TOKEN in str(error).lower():
        return build_error(UnexpectedAnswer, [code], str(error), doing)
    if getattr(error, "retryable", False) and "google.auth.exceptions.RefreshError" in names:
        return build_error(Unavailable, [code], str(error), doing)
    cause = error.__cause__
    if "google.auth.exceptions.TransportError" in names and isinstance(cause, Exception):
        # google-auth wraps the exception of requests from its call to the token service.
        wrapped = map_error(cause, doing)
        if isinstance(wrapped, Timeout):
            return wrapped
    error_class = next((CLASSES[name] for name in names if name in CLASSES), Unavailable)
    return build_error(error_class, [code], str(error), doing)


def _map_reply(error: Exception, status: int, doing: str) -> SkyClustError:
    """Return the error of the tree for a `google.api_core.exceptions.GoogleAPICallError`."""
    call_error: Any = error
    reasons = _reasons(call_error)
    error_class = error_class_for(reasons, status)
    mapped = build_error(error_class, reasons or [str(status)], _message(call_error), doing)
    if isinstance(mapped, Throttled) and call_error.response is not None:
        mapped.retry_after = retry_after_seconds(call_error.response.headers, datetime.now(UTC))
    return mapped


def _reasons(call_error: Any) -> list[str]:
    """Return the reasons of a reply; `errors` and `details` that are not lists are ignored."""
    try:
        details = [*call_error.errors, *call_error.details]
    except TypeError:
        details = []
    reasons = [detail.get("reason") for detail in details if isinstance(detail, dict)]
    return [str(reason) for reason in (*reasons, call_error.reason) if reason]


def _message(call_error: Any) -> str:
    # google-api-core writes "GET https://...: " before Google's message.
    text = str(call_error.message)
    head, separator, rest = text.partition(": ")
    return rest if separator and "://" in head else text


def build_error(
    error_class: type[SkyClustError], reasons: Sequence[str], message: str, doing: str
) -> SkyClustError:
    """Return an error that names the attempted action and quotes Google's message.

    `doing` completes "Could not ..."; the first reason becomes the code.
    """
    hint = next((HINTS[key] for key in map(normalize_reason, reasons) if key in HINTS), "")
    if error_class is AuthenticationFailed:
        hint = _CLOCK_SKEW_HINT if _CLOCK_SKEW in message else hint or _AUTHENTICATION_HINT
    return _ERRORS.error(error_class, doing, message, code=reasons[0], hint=hint)


def gcp_errors(doing: str) -> AbstractContextManager[None]:
    """Map the exceptions of Google's libraries to the error tree, with their cause."""
    return _ERRORS.translating(doing, map_error, foreign=False)


def call_errors(doing: str) -> AbstractContextManager[None]:
    """Map exceptions as `gcp_errors` does, and any other exception to UnexpectedAnswer.

    Google's libraries do not check the shape of a reply: an HTML page, `null` or an error
    without its object make them raise exceptions that they do not document.
    """
    return _ERRORS.translating(doing, map_error)


def unreadable_reply(doing: str, reason: str) -> UnexpectedAnswer:
    """Return the error for a reply that cannot be parsed."""
    return _ERRORS.unreadable_answer(doing, reason)
