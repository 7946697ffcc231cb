"""One table from what Google answers and its libraries raise to the errors of SkyClust.

An answer is looked up by its reasons first, then by its HTTP status. Compute Engine writes one
reason in two ways (`resourceNotReady` in an answer, `RESOURCE_NOT_READY` in a failed
operation): capitals and underscores make no difference here. What google-auth, requests or
google-api-core raise without an answer is looked up by its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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

LONGEST_REASON: Final = 200
"""Characters of what is wrong with an answer, which may be of any length."""

_LIBRARIES: Final = ("google.auth.", "google.api_core.", "requests.")
_AUTHENTICATION_HINT: Final = "Check that the credential is complete, active and not expired."
_NO_TOKEN: Final = "no access token in response"  # noqa: S105  # google-auth's sentence
"""What google-auth says of a successful answer that has no token in it."""

_SKEW: Final = "reasonable timeframe"
"""What Google says of a signed request whose times are not now."""

_SKEW_HINT: Final = "Set the clock of the machine that runs the worker: Google's is another."


def class_for(reasons: Sequence[str], status: int) -> type[SkyClustError]:
    """Return our class for the reasons that Google gives and the HTTP status they came with.

    401 beats its reason: Google says `required` for a missing token as for a missing field.
    """
    if status != 401:
        for reason in reasons:
            if ours := REASONS.get(plain(reason)):
                return ours
    if ours := STATUSES.get(status):
        return ours
    return Unavailable if status >= 500 or status < 400 else InvalidRequest


def plain(reason: str) -> str:
    """Return a reason as the table has it: `RESOURCE_NOT_READY` is `resourcenotready`."""
    return reason.replace("_", "").lower()


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, None without one (RFC 9110 10.2.3)."""
    value = (headers.get("Retry-After") or headers.get("retry-after") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def translated(error: Exception, doing: str) -> SkyClustError | None:
    """Return our error for one of Google's libraries or of requests; None for any other.

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
        return _from_answer(error, int(status), doing)
    code = type(error).__name__
    if "google.auth.exceptions.RefreshError" in names and _NO_TOKEN in str(error).lower():
        return built(UnexpectedAnswer, [code], str(error), doing)
    if getattr(error, "retryable", False) and "google.auth.exceptions.RefreshError" in names:
        return built(Unavailable, [code], str(error), doing)
    cause = error.__cause__
    if "google.auth.exceptions.TransportError" in names and isinstance(cause, Exception):
        # google-auth wraps what requests raised while it asked for a token.
        wrapped = translated(cause, doing)
        if isinstance(wrapped, Timeout):
            return wrapped
    ours = next((CLASSES[name] for name in names if name in CLASSES), Unavailable)
    return built(ours, [code], str(error), doing)


def _from_answer(error: Exception, status: int, doing: str) -> SkyClustError:
    """Return our error for a `google.api_core.exceptions.GoogleAPICallError`."""
    said: Any = error
    reasons = _reasons(said)
    ours = built(class_for(reasons, status), reasons or [str(status)], _message(said), doing)
    if isinstance(ours, Throttled) and said.response is not None:
        ours.retry_after = retry_after_seconds(said.response.headers, datetime.now(UTC))
    return ours


def _reasons(said: Any) -> list[str]:
    """Return the reasons of an answer; none of what is no list, whatever stands there."""
    try:
        told = [one.get("reason") for one in (*said.errors, *said.details) if isinstance(one, dict)]
    except TypeError:
        told = []
    return [str(one) for one in (*told, said.reason) if one]


def _message(said: Any) -> str:
    # google-api-core writes "GET https://...: " before what Google says.
    text = str(said.message)
    head, separator, rest = text.partition(": ")
    return rest if separator and "://" in head else text


def built(
    ours: type[SkyClustError], reasons: Sequence[str], message: str, doing: str
) -> SkyClustError:
    """Return an error of our tree that says what was tried, and what Google said to it."""
    hint = next((HINTS[plain(one)] for one in reasons if plain(one) in HINTS), "")
    if ours is AuthenticationFailed:
        hint = _SKEW_HINT if _SKEW in message else hint or _AUTHENTICATION_HINT
    said = message.strip().rstrip(". ") or "Google gave no reason"
    return ours(
        f"Could not {doing}: {said} ({reasons[0]}).", hint=hint, provider="gcp", code=reasons[0]
    )


@contextmanager
def gcp_errors(doing: str) -> Iterator[None]:
    """Raise what Google's libraries raise inside as an error of our tree, theirs as its cause."""
    try:
        yield
    except Exception as error:
        ours = translated(error, doing)
        if ours is None:
            raise
        raise ours from error


@contextmanager
def call_errors(doing: str) -> Iterator[None]:
    """Raise as `gcp_errors` does, and whatever else a library makes of an answer as well.

    Google's libraries take the shape of an answer for granted: a page of HTML, `null` or an
    error without its object raise what no library declares.
    """
    try:
        with gcp_errors(doing):
            yield
    except SkyClustError:
        raise
    except Exception as error:
        raise odd_answer(doing, f"{type(error).__name__}: {error}") from error


def odd_answer(doing: str, why: str) -> UnexpectedAnswer:
    """Return the error for an answer that cannot be read; `why` says what is wrong with it."""
    return UnexpectedAnswer(
        f"Could not {doing}: the answer cannot be read ({why[:LONGEST_REASON]}).",
        hint="Is a proxy or another service answering at the endpoint?",
        provider="gcp",
    )
