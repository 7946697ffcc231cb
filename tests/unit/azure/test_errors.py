"""The error table is complete and exact, and its messages contain no secrets."""

from __future__ import annotations

import inspect
import json
from itertools import chain
from typing import Any

import azure.core.exceptions
import azure.identity
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseTimeoutError,
)
from azure.mgmt.core.exceptions import ARMErrorFormat

from providers.azure import errors as table
from providers.azure.error_codes import _CODES, ERROR_CODES
from providers.azure.errors import ERROR_CLASSES, azure_errors, class_for
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
)
from tests.unit.azure.documented_codes import unmapped_classes, unmapped_codes


class _Response:
    """The part of a response that an error of the SDK reads."""

    reason = "said so"

    def __init__(self, status: int, body: object, headers: dict[str, str]) -> None:
        self.status_code = status
        self.headers = headers
        self._text = json.dumps(body) if body is not None else "<html>proxy</html>"

    def text(self, encoding: str | None = None) -> str:
        return self._text

    def body(self) -> bytes:
        return self._text.encode()


def _error_response(code: str, status: int = 400, message: str = "said so", **headers: str) -> Any:
    body = {"error": {"code": code, "message": message}} if code else None
    response: Any = _Response(status, body, {k.replace("_", "-"): v for k, v in headers.items()})
    return HttpResponseError(response=response, error_format=ARMErrorFormat)


def _raised(error: Exception) -> SkyClustError:
    with pytest.raises(SkyClustError) as raised, azure_errors("do it"):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.provider == "azure"
    return raised.value


@pytest.mark.newest
def test_every_exception_class_of_the_sdk_has_a_place() -> None:
    assert unmapped_classes() == []
    known = {
        name
        for module in (azure.core.exceptions, azure.identity)
        for name, _ in inspect.getmembers(module, inspect.isclass)
    }
    assert set(ERROR_CLASSES) <= known


def test_every_documented_code_has_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_codes() == []
    monkeypatch.delitem(ERROR_CODES, "quotaexceeded")
    monkeypatch.delitem(ERROR_CODES, "skunotavailable")
    assert unmapped_codes() == ["SkuNotAvailable"]  # QuotaExceeded is matched by its ending


def test_no_code_has_two_classes() -> None:
    codes = [code.lower() for code in chain.from_iterable(_CODES.values())]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("TooManyRequests", 429, Throttled),
        ("SubscriptionRequestsThrottled", 429, Throttled),
        ("AllocationFailed", 409, CapacityExhausted),
        ("OverConstrainedAllocationRequest", 409, CapacityExhausted),
        ("SkuNotAvailable", 409, CapacityExhausted),
        ("SubnetIsFull", 400, CapacityExhausted),
        ("PublicIPCountLimitReached", 400, QuotaExceeded),
        ("ResourceNotFound", 404, NotFound),
        ("ResourceGroupNotFound", 404, NotFound),
        ("SubscriptionNotFound", 404, PermissionDenied),
        ("ExpiredAuthenticationToken", 401, AuthenticationFailed),
        ("AuthorizationFailed", 403, PermissionDenied),
        ("AnotherOperationInProgress", 429, Conflict),
        ("PreconditionFailed", 412, Conflict),
        ("NicReservedForAnotherVm", 400, Conflict),
        ("InvalidParameter", 400, InvalidRequest),
        ("InternalServerError", 500, Unavailable),
        ("VMStartTimedOut", 409, Timeout),
    ],
)
def test_a_known_code_takes_precedence_over_its_status(
    code: str, status: int, expected: type[SkyClustError]
) -> None:
    error = _raised(_error_response(code, status))
    assert type(error) is expected
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (409, "it results in exceeding approved Total Regional Cores quota", QuotaExceeded),
        (409, "An in-progress operation is modifying it. Try after some time.", Conflict),
        (409, "the VM is deallocated", InvalidRequest),
        # https://learn.microsoft.com/en-us/troubleshoot/azure/virtual-machines/troubleshooting-throttling-errors
        (429, "too many requests have been received for this subscription", Throttled),
        (400, "the requested size is not available in the current cluster", InvalidRequest),
    ],
)
def test_an_ambiguous_code_is_classified_by_its_message(
    status: int, message: str, expected: type[SkyClustError]
) -> None:
    assert class_for("OperationNotAllowed", status, message) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequest),
        (401, AuthenticationFailed),
        (403, PermissionDenied),
        (404, NotFound),
        (409, Conflict),
        (412, Conflict),
        (429, Throttled),
        (500, Unavailable),
        (504, Timeout),
    ],
)
def test_an_unknown_code_is_classified_by_its_status(
    status: int, expected: type[SkyClustError]
) -> None:
    assert type(_raised(_error_response("BrandNewCode", status))) is expected


def test_a_page_of_another_server_is_not_taken_for_not_found() -> None:
    assert type(_raised(_error_response("", 404))) is ConfigurationError
    assert type(_raised(_error_response("", 502))) is Unavailable


def test_a_wrapped_code_is_unwrapped() -> None:
    inner = {"code": "SkuNotAvailable", "message": "not here"}
    outer = {"error": {"code": "BadRequest", "message": "several", "details": [inner]}}
    response: Any = _Response(400, outer, {})
    error = _raised(HttpResponseError(response=response, error_format=ARMErrorFormat))
    assert type(error) is CapacityExhausted
    assert "not here" in str(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServiceRequestError("refused"), Unavailable),
        (ServiceResponseTimeoutError("too late"), Timeout),
        (azure.identity.CredentialUnavailableError("no identity here"), AuthenticationFailed),
        (azure.core.exceptions.TooManyRedirectsError([]), ConfigurationError),
    ],
)
def test_an_error_without_a_response_is_classified_by_its_class(
    error: Exception, expected: type[SkyClustError]
) -> None:
    assert type(_raised(error)) is expected


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ServiceRequestError("refused"), Unavailable),
        (_error_response("temporarily_unavailable", 503), Unavailable),
        (_error_response("temporarily_unavailable", 429, Retry_After="7"), Throttled),
        (None, AuthenticationFailed),
    ],
)
def test_the_cause_of_a_missing_token_is_reported(
    cause: Exception | None, expected: type[SkyClustError]
) -> None:
    error = ClientAuthenticationError("Authentication failed")
    error.__cause__ = cause
    translation = table.translated(error, "do it")
    assert type(translation) is expected
    assert getattr(translation, "retry_after", 7.0) == 7.0


def test_an_unknown_class_is_classified_by_its_nearest_known_ancestor() -> None:
    newer = type("NewerError", (ServiceRequestError,), {"__module__": "azure.core.exceptions"})
    assert type(_raised(newer("refused"))) is Unavailable


def test_errors_outside_the_sdk_pass_unchanged() -> None:
    with pytest.raises(ConnectionError), azure_errors("do it"):
        raise ConnectionError("ours")
    with pytest.raises(NotFound, match="gone"), azure_errors("do it"):
        raise NotFound("gone")


def test_a_message_has_the_action_and_a_hint() -> None:
    error = _raised(_error_response("SkuNotAvailable", 409, "The size is\nnot available."))
    assert str(error) == (
        "Could not do it: The size is not available (SkuNotAvailable)."
        " Choose another size, zone or region: see az vm list-skus."
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7.0),
        ({"retry_after_ms": "1500"}, 1.5),
        ({"x_ms_retry_after_ms": "1500", "Retry_After": "2"}, 1.5),
        ({}, None),
    ],
)
def test_a_throttled_request_has_the_delay_of_its_headers(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = _raised(_error_response("TooManyRequests", 429, **headers))
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


def test_the_signature_of_a_sas_url_is_redacted() -> None:
    """The message of requests contains the whole URL that it could not reach."""
    message = (
        "HTTPSConnectionPool(host='md.blob.core.windows.net', port=443): Max retries exceeded with"
        " url: /bootdiagnostics/web.serialconsole.log?sr=b&sig=canary%2Bx%3D&se=2026-11-24"
    )
    with pytest.raises(Unavailable) as raised, azure_errors("read the console"):
        raise ServiceRequestError(message)
    assert "canary" not in str(raised.value)
    assert "web.serialconsole.log?sr=b&sig=********&se=2026-11-24" in str(raised.value)


def test_authentication_errors_repeat_nothing_of_the_message() -> None:
    quoted = "AADSTS7000215: Invalid client secret provided: s3cret-value. Trace ID: 1"
    error = _raised(ClientAuthenticationError(quoted))
    assert error.code == "AADSTS7000215"
    assert "s3cret-value" not in str(error)
    assert "AADSTS7000215" in str(error)


def test_a_refused_token_has_a_hint_about_a_wrong_clock() -> None:
    refused = _raised(
        _error_response("InvalidAuthenticationToken", 401, Date="Sat, 1 Jan 2000 0:0 GMT")
    )
    assert "ahead of Azure's: set it" in refused.hint
    assert "not expired" in _raised(_error_response("InvalidAuthenticationToken", 401)).hint


@pytest.mark.parametrize(
    "cause", [json.JSONDecodeError("no JSON", "<html>", 0), AttributeError("get"), TypeError("x")]
)
def test_a_server_that_is_not_entra_id_is_an_unexpected_answer(cause: Exception) -> None:
    error = ClientAuthenticationError("Expecting value")
    error.__cause__ = cause
    assert type(_raised(error)) is UnexpectedAnswer


@pytest.mark.parametrize("status", [200, 202, 204, 302])
def test_a_status_that_is_no_error_is_an_unexpected_answer(status: int) -> None:
    assert type(_raised(_error_response("", status))) is UnexpectedAnswer
