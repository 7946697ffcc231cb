"""Translation of the SDK's exceptions and Azure's error responses to SkyClust's error tree.

An error response is looked up by its error code, then by the ending of the code, then by the
HTTP status. An exception without a response is looked up by its class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from json import JSONDecodeError
from typing import Any, Final

from providers.azure.cost_throttling import azure_retry_after
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
from skyclust.providerkit.error_context import ENDPOINT_HINT, ErrorContext
from skyclust.providerkit.retry_after import http_date

_ERRORS: Final = ErrorContext("azure", "Azure")

# The classes of azure.core.exceptions and azure.identity, by name, so that this module does not
# import the SDK. Classes with a response are looked up here only if the exception has none.
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
    "ResourceNotFoundError": Unavailable,  # without a response it is unknown what is missing
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
    "nicreservedforanothervm": "Azure frees the interface of a failed VM after 180 seconds.",
    "overconstrainedallocationrequest": "Choose another size or zone, or try again later.",
    "quotaexceeded": "Request a higher quota from Azure, or choose another size or region.",
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
MAX_SKEW_SECONDS: Final = 300
"""Entra ID and Resource Manager accept tokens if the clocks differ by at most five minutes
(https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes, AADSTS700024)."""
_QUOTA: Final = re.compile(r"quota|cores? limit", re.IGNORECASE)
_BUSY: Final = re.compile(
    r"another operation|in progress|some time|being (created|deleted|updated)|retry later",
    re.IGNORECASE,
)
# Entra ID's error code in the message of its error (https://learn.microsoft.com/en-us/entra/
# identity-platform/reference-error-codes).
_ENTRA_CODE: Final = re.compile(r"AADSTS\d+")


def class_for(code: str, status: int, message: str = "") -> type[SkyClustError]:
    """Return the class of the error tree for an error code, its HTTP status and its message.

    The message decides for two codes that Azure uses for several causes: an exhausted quota, a
    resource with an operation in progress, and an operation that is not allowed.
    """
    key = code.lower()
    if key in {"operationnotallowed", "badrequest"}:
        if status == 429:
            return Throttled  # Compute puts the specific code into the details
        if _QUOTA.search(message):
            return QuotaExceeded
        return Conflict if status == 409 and _BUSY.search(message) else InvalidRequest
    if exact := ERROR_CODES.get(key):
        return exact
    for ending, error_class in CODE_ENDINGS:
        if key.endswith(ending):
            return error_class
    return _class_for_status(code, status)


def _class_for_status(code: str, status: int) -> type[SkyClustError]:
    if status == 404 and not code:
        return ConfigurationError  # a page of a server that is not Resource Manager
    if status < 400:
        return UnexpectedAnswer  # neither 200 nor an error
    exact: Mapping[int, type[SkyClustError]] = {
        401: AuthenticationFailed, 403: PermissionDenied, 404: NotFound, 408: Timeout,
        409: Conflict, 412: Conflict, 429: Throttled, 504: Timeout,
    }  # fmt: skip
    return exact.get(status) or (InvalidRequest if 400 <= status < 500 else Unavailable)


def skew_hint(headers: Mapping[str, str], now: datetime) -> str:
    """Return a hint if this computer's clock differs from Azure's by too much, else ""."""
    azure_time = http_date(str(headers.get("Date") or ""))
    skew = 0.0 if azure_time is None else (now - azure_time).total_seconds()
    if abs(skew) <= MAX_SKEW_SECONDS:
        return ""
    return (
        f"The clock of this computer is {abs(skew) / 60:.0f} minutes"
        f" {'ahead of' if skew > 0 else 'behind'} Azure's: set it, tokens depend on it."
    )


# What MSAL raises for a response that is not a JSON object.
_MSAL_PARSE_ERRORS: Final = (AttributeError, JSONDecodeError, KeyError, TypeError)


def translated(error: BaseException, doing: str) -> SkyClustError | None:
    """Return the error of the tree for an exception of the SDK; None for any other exception.

    `doing` completes "Could not ...". Of Azure's own message, an authentication error repeats
    the code only.
    """
    lineage = [
        base.__name__
        for base in type(error).__mro__
        if base.__module__.startswith(("azure.core.", "azure.identity"))
    ]
    if not lineage:
        return None
    response: Any = getattr(error, "response", None)
    if response is not None and "IncompleteReadError" not in lineage:
        return _from_response(error, response, doing)
    # azure-identity raises this class for every failure to get a token, with the reason as its
    # cause.
    cause = error.__cause__
    if "ClientAuthenticationError" in lineage and cause is not None:
        if isinstance(cause, SkyClustError):  # raised by the guarded connection
            return cause
        reason = translated(cause, doing)
        if reason is not None and not isinstance(reason, AuthenticationFailed):
            return reason
        if isinstance(cause, _MSAL_PARSE_ERRORS):
            return UnexpectedAnswer(
                f"Could not {doing}: the server at the sign-in address is not Entra ID.",
                hint=ENDPOINT_HINT,
                provider="azure",
            )
    error_class = next(ERROR_CLASSES[name] for name in lineage if name in ERROR_CLASSES)
    return _build(error_class, _entra_code(error) or lineage[0], str(error), doing)


def error_code(error: object) -> tuple[str, str]:
    """Return code and message of an error body of Resource Manager.

    If the outer code is generic, they are those of the first detail with a known code.
    """
    code, message = str(getattr(error, "code", "") or ""), str(getattr(error, "message", "") or "")
    for detail in getattr(error, "details", None) or ():
        inner_code, inner_message = error_code(detail)
        if inner_code.lower() in ERROR_CODES and code.lower() in _GENERIC_CODES:
            return inner_code, inner_message
    return code, message


# Codes that wrap a specific code in their details.
_GENERIC_CODES: Final = frozenset({"", "badrequest", "conflict", "deploymentfailed"})


def _from_response(error: BaseException, response: Any, doing: str) -> SkyClustError:
    status = int(response.status_code)
    code, message = error_code(getattr(error, "error", None))
    code = code or str(response.headers.get("x-ms-error-code") or "")  # of a storage account
    if entra := _entra_code(error):
        code = entra
        status = 401 if status == 400 else status
    translation = _build(class_for(code, status, message), code or f"HTTP {status}", message, doing)
    now = datetime.now(UTC)
    if isinstance(translation, Throttled):
        translation.retry_after = azure_retry_after(response.headers, now)
    if isinstance(translation, AuthenticationFailed):
        translation.hint = skew_hint(response.headers, now) or translation.hint
    return translation


def _entra_code(error: BaseException) -> str:
    match = _ENTRA_CODE.search(str(error))
    return match.group() if match else ""


def _build(error_class: type[SkyClustError], code: str, message: str, doing: str) -> SkyClustError:
    hint = HINTS.get(code.lower(), "")
    if error_class is AuthenticationFailed:
        return _ERRORS.credential_refused(doing, code=code, hint=hint or _AUTHENTICATION_HINT)
    if error_class is UnexpectedAnswer:
        hint = ENDPOINT_HINT
    return _ERRORS.error(error_class, doing, message, code=code, hint=hint)


def azure_errors(doing: str) -> AbstractContextManager[None]:
    """Return a context that raises the SDK's exceptions as errors of the tree, with their cause.

    `doing` completes "Could not ...". Exceptions that are not the SDK's pass unchanged.
    """
    return _ERRORS.translating(doing, translated, foreign=False)
