"""One table from what the SDK raises and Azure answers to the errors of SkyClust.

Three lookups, most exact first: the service's error code, the ending of the code, the HTTP
status. What the SDK raises without an answer from Azure is looked up by its class.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import Any, Final

from providers.azure.error_codes import CODE_ENDINGS, ERROR_CODES
from skyclust.errors import (
    AuthenticationFailed,
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
)

# The classes of azure.core.exceptions and azure.identity, by name: the SDK is not imported for
# a table. Those that carry an answer of Azure's come here only when they carry none.
ERROR_CLASSES: Final[Mapping[str, type[SkyClustError]]] = {
    "AuthenticationRequiredError": AuthenticationFailed,
    "AzureError": Unavailable,
    "ClientAuthenticationError": AuthenticationFailed,
    "CredentialUnavailableError": AuthenticationFailed,
    "DecodeError": UnexpectedAnswer,
    "DeserializationError": UnexpectedAnswer,
    "HttpResponseError": Unavailable,
    "IncompleteReadError": Unavailable,
    "ODataV4Error": Unavailable,
    "ResourceExistsError": Conflict,
    "ResourceModifiedError": Conflict,
    "ResourceNotFoundError": Unavailable,  # without an answer nobody knows what is not found
    "ResourceNotModifiedError": Conflict,
    "ResponseNotReadError": Unavailable,
    "SerializationError": InvalidRequest,
    "ServiceRequestError": Unavailable,
    "ServiceRequestTimeoutError": Timeout,
    "ServiceResponseError": Unavailable,
    "ServiceResponseTimeoutError": Timeout,
    "StreamClosedError": Unavailable,
    "StreamConsumedError": Unavailable,
    "TooManyRedirectsError": ConfigurationError,
}

HINTS: Final[Mapping[str, str]] = {
    "allocationfailed": "Choose another size or region, or try again later.",
    "missingsubscriptionregistration": "Register Microsoft.Compute and Microsoft.Network in the"
    " subscription: az provider register --namespace Microsoft.Compute.",
    "nicreservedforanothervm": "Azure frees the interface of a failed machine after 180 seconds.",
    "overconstrainedallocationrequest": "Choose another size or zone, or try again later.",
    "quotaexceeded": "Ask Azure for a higher quota, or choose another size or region.",
    "readonlydisabledsubscription": "The subscription is disabled: see its page in the portal.",
    "scopelocked": "A lock protects it: remove the lock first (az lock list).",
    "skunotavailable": "Choose another size, zone or region: see az vm list-skus.",
    "subscriptionnotfound": "Check the subscription id, and that the identity has a role in it.",
    "aadsts700024": "The clock of this computer differs from Entra ID's: set it.",
    "zonalallocationfailed": "Choose another zone or size, or try again later.",
}
_AUTHENTICATION_HINT: Final = (
    "Check tenant, client id and secret or certificate, and that they have not expired."
)
_ODD_ANSWER_HINT: Final = "Is a proxy or another service answering at the endpoint?"
LARGEST_SKEW_SECONDS: Final = 300
"""Entra ID and Resource Manager take tokens of clocks that differ by five minutes at the most
(https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes, AADSTS700024)."""
_QUOTA: Final = re.compile(r"quota|cores? limit", re.IGNORECASE)
_BUSY: Final = re.compile(
    r"another operation|in progress|some time|being (created|deleted|updated)|retry later",
    re.IGNORECASE,
)
_COUNT: Final = re.compile(r"[0-9]{1,9}")
# Entra ID's own code in the text of its error (https://learn.microsoft.com/en-us/entra/
# identity-platform/reference-error-codes).
_ENTRA_CODE: Final = re.compile(r"AADSTS\d+")


def class_for(code: str, status: int, message: str = "") -> type[SkyClustError]:
    """Return our class for an error code of Azure, its HTTP status, and its message.

    The message counts for two codes only that stand for several things: a quota that is used
    up, a thing that is busy, and what is not allowed as it stands.
    """
    key = code.lower()
    if key in {"operationnotallowed", "badrequest"}:
        if status == 429:
            return Throttled  # as Compute says it, with the true code in the details
        if _QUOTA.search(message):
            return QuotaExceeded
        return Conflict if status == 409 and _BUSY.search(message) else InvalidRequest
    if exact := ERROR_CODES.get(key):
        return exact
    for ending, ours in CODE_ENDINGS:
        if key.endswith(ending):
            return ours
    return _class_for_status(code, status)


def _class_for_status(code: str, status: int) -> type[SkyClustError]:
    if status == 404 and not code:
        return ConfigurationError  # a page of something that is not Resource Manager
    if status < 400:
        return UnexpectedAnswer  # what should have been 200
    exact: Mapping[int, type[SkyClustError]] = {
        401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound, 408: Timeout,
        409: Conflict, 412: Conflict, 429: Throttled, 504: Timeout,
    }  # fmt: skip
    return exact.get(status) or (InvalidRequest if 400 <= status < 500 else Unavailable)


def retry_after_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a Retry-After header asks for, None without one (RFC 9110 10.2.3).

    Some of Azure's services write it in milliseconds, under names of their own.
    """
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        told = str(headers.get(name) or "")
        if _COUNT.fullmatch(told):
            return int(told) / 1000
    value = str(headers.get("Retry-After") or "").strip()
    if _COUNT.fullmatch(value):
        return float(value)
    moment = _http_date(value)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def skew_hint(headers: Mapping[str, str], now: datetime) -> str:
    """Return what to do about this computer's clock where it differs from Azure's, else ""."""
    theirs = _http_date(str(headers.get("Date") or ""))
    skew = 0.0 if theirs is None else (now - theirs).total_seconds()
    if abs(skew) <= LARGEST_SKEW_SECONDS:
        return ""
    return (
        f"The clock of this computer is {abs(skew) / 60:.0f} minutes"
        f" {'ahead of' if skew > 0 else 'behind'} Azure's: set it, tokens depend on it."
    )


def _http_date(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(written)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


# What MSAL stumbles over when it reads an answer that is no JSON object.
_MISREADINGS: Final = (AttributeError, JSONDecodeError, KeyError, TypeError)


def translated(error: BaseException, doing: str) -> SkyClustError | None:
    """Return our error for one of the SDK's; None for an error that is not the SDK's.

    `doing` completes "Could not ...". An authentication error repeats nothing of Azure's own
    message but its code.
    """
    lineage = [
        kind.__name__
        for kind in type(error).__mro__
        if kind.__module__.startswith(("azure.core.", "azure.identity"))
    ]
    if not lineage:
        return None
    response: Any = getattr(error, "response", None)
    if response is not None and "IncompleteReadError" not in lineage:
        return _from_response(error, response, doing)
    # azure-identity tells whatever keeps it from signing in as one class, with the true reason
    # as its cause.
    cause = error.__cause__
    if "ClientAuthenticationError" in lineage and cause is not None:
        if isinstance(cause, SkyClustError):  # of the connection, refused or given up
            return cause
        behind = translated(cause, doing)
        if behind is not None and not isinstance(behind, AuthenticationFailed):
            return behind
        if isinstance(cause, _MISREADINGS):
            return UnexpectedAnswer(
                f"Could not {doing}: what answers at the sign-in address is not Entra ID.",
                hint=_ODD_ANSWER_HINT,
                provider="azure",
            )
    ours = next(ERROR_CLASSES[name] for name in lineage if name in ERROR_CLASSES)
    return _built(ours, _entra_code(error) or lineage[0], str(error), doing)


def error_code(error: object) -> tuple[str, str]:
    """Return code and message of an error body of Resource Manager, the innermost known one."""
    code, message = str(getattr(error, "code", "") or ""), str(getattr(error, "message", "") or "")
    for detail in getattr(error, "details", None) or ():
        inner, said = error_code(detail)
        if inner.lower() in ERROR_CODES and code.lower() in _ENVELOPES:
            return inner, said
    return code, message


# Codes that only wrap the true one.
_ENVELOPES: Final = frozenset({"", "badrequest", "conflict", "deploymentfailed"})


def _from_response(error: BaseException, response: Any, doing: str) -> SkyClustError:
    status = int(response.status_code)
    code, message = error_code(getattr(error, "error", None))
    code = code or str(response.headers.get("x-ms-error-code") or "")  # of a storage account
    if entra := _entra_code(error):
        code = entra
        status = 401 if status == 400 else status
    ours = class_for(code, status, message)
    built = _built(ours, code or f"HTTP {status}", message, doing)
    now = datetime.now(UTC)
    if isinstance(built, Throttled):
        built.retry_after = retry_after_seconds(response.headers, now)
    if isinstance(built, AuthenticationFailed):
        built.hint = skew_hint(response.headers, now) or built.hint
    return built


def _entra_code(error: BaseException) -> str:
    found = _ENTRA_CODE.search(str(error))
    return found.group() if found else ""


def _built(ours: type[SkyClustError], code: str, message: str, doing: str) -> SkyClustError:
    hint = HINTS.get(code.lower(), "")
    if ours is AuthenticationFailed:
        return ours(
            f"Could not {doing}: Azure does not accept the credential ({code}).",
            hint=hint or _AUTHENTICATION_HINT,
            provider="azure",
            code=code,
        )
    said = " ".join(message.split()).rstrip(". ")
    said = said or "Azure gave no reason"
    if ours is UnexpectedAnswer:
        hint = _ODD_ANSWER_HINT
    return ours(f"Could not {doing}: {said} ({code}).", hint=hint, provider="azure", code=code)


@contextmanager
def azure_errors(doing: str) -> Iterator[None]:
    """Raise what the SDK raises inside as an error of our tree, with the SDK's as its cause."""
    try:
        yield
    except Exception as error:
        ours = translated(error, doing)
        if ours is None:
            raise
        raise ours from error
