"""The error tables are complete, and errors quote Google's message."""

from __future__ import annotations

import inspect
import json
from itertools import chain
from typing import Any

import google.api_core.exceptions
import google.auth.exceptions
import pytest
import requests
from google.api_core.exceptions import from_http_response

from providers.gcp import error_tables
from providers.gcp.error_tables import CLASSES, REASONS
from providers.gcp.errors import call_errors, gcp_errors, normalize_reason
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
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
from tests.unit.gcp.documented_codes import LIBRARIES, unmapped_classes, unmapped_codes


def _error_reply(
    status: int, reason: str = "", message: str = "said so", **headers: str
) -> google.api_core.exceptions.GoogleAPICallError:
    """Return the exception of google-api-core for an error reply of Compute Engine."""
    error: dict[str, Any] = {"code": status, "message": message}
    if reason:
        error["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    response._content = json.dumps({"error": error}).encode()
    response.request = requests.Request("GET", "https://compute.googleapis.com/x").prepare()
    made = from_http_response(response)
    assert isinstance(made, google.api_core.exceptions.GoogleAPICallError)
    return made


def _raised(error: Exception) -> SkyClustError:
    with pytest.raises(SkyClustError) as raised, gcp_errors("do it"):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.provider == "gcp"
    return raised.value


@pytest.mark.newest
def test_every_exception_class_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_classes() == []
    monkeypatch.delitem(CLASSES, "requests.exceptions.ReadTimeout")
    assert unmapped_classes() == ["requests.exceptions.ReadTimeout"]


@pytest.mark.newest
def test_the_table_names_only_classes_that_exist() -> None:
    known = {
        f"{library.__name__}.{name}"
        for library in LIBRARIES
        for name, _ in inspect.getmembers(library, inspect.isclass)
    }
    assert set(CLASSES) - known == set()


def test_every_documented_reason_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_codes() == []
    monkeypatch.delitem(REASONS, "resourcenotready")
    assert unmapped_codes() == ["RESOURCE_NOT_READY", "resourceNotReady"]


def test_no_reason_is_mapped_twice() -> None:
    names = [normalize_reason(name) for name in chain.from_iterable(error_tables._REASONS.values())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (403, "rateLimitExceeded", Throttled),
        (403, "limitExceeded", QuotaExceeded),
        (429, "", Throttled),
        (403, "quotaExceeded", QuotaExceeded),
        (403, "QUOTA_EXCEEDED", QuotaExceeded),
        (503, "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", CapacityExhausted),
        (503, "insufficientCapacity", CapacityExhausted),
        (404, "notFound", NotFound),
        (400, "resourceNotReady", Conflict),
        (400, "resourceInUseByAnotherResource", Conflict),
        (412, "conditionNotMet", Conflict),
        (409, "alreadyExists", InvalidRequest),
        (409, "", Conflict),
        (400, "invalid", InvalidRequest),
        (400, "required", InvalidRequest),
        (401, "required", AuthenticationFailed),
        (401, "authError", AuthenticationFailed),
        (403, "forbidden", PermissionDenied),
        (403, "accessNotConfigured", PermissionDenied),
        (501, "notImplemented", Unsupported),
        (503, "backendError", Unavailable),
        (500, "brandNew", Unavailable),
        (502, "", Unavailable),
        (418, "brandNew", InvalidRequest),
    ],
)
def test_a_known_reason_takes_precedence_over_the_status(
    status: int, reason: str, expected: type[SkyClustError]
) -> None:
    error = _raised(_error_reply(status, reason))
    assert type(error) is expected
    assert error.code == (reason or str(status))


def test_throttled_has_the_delay_of_the_header() -> None:
    error = _raised(_error_reply(429, "rateLimitExceeded", **{"Retry-After": "7"}))
    assert isinstance(error, Throttled)
    assert error.retry_after == 7.0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.exceptions.ConnectTimeout("slow"), Timeout),
        (requests.exceptions.ReadTimeout("slow"), Timeout),
        (requests.exceptions.ConnectionError("refused"), Unavailable),
        (requests.exceptions.SSLError("unknown authority"), Unavailable),
        (requests.exceptions.InvalidJSONError("<html>"), Unavailable),
        (google.auth.exceptions.RefreshError("invalid_grant"), AuthenticationFailed),
        (google.auth.exceptions.RefreshError("down", retryable=True), Unavailable),
        (google.auth.exceptions.DefaultCredentialsError("none"), AuthenticationFailed),
        (google.auth.exceptions.TransportError("refused"), Unavailable),
    ],
)
def test_an_error_without_a_reply_is_mapped_by_its_class(
    error: Exception, expected: type[SkyClustError]
) -> None:
    assert type(_raised(error)) is expected


def test_a_timeout_of_a_token_request_is_a_timeout() -> None:
    error = google.auth.exceptions.TransportError("wrapped")
    error.__cause__ = requests.exceptions.ConnectTimeout("slow")
    assert type(_raised(error)) is Timeout


def test_a_message_has_the_action_the_reason_and_a_hint() -> None:
    said = "Quota 'CPUS' exceeded. Limit: 24.0 in region europe-west3."
    assert str(_raised(_error_reply(403, "quotaExceeded", said))) == (
        "Could not do it: Quota 'CPUS' exceeded. Limit: 24.0 in region europe-west3"
        " (quotaExceeded). Request a higher quota from Google, or choose another type or region."
    )


def test_clock_skew_has_its_own_hint() -> None:
    said = (
        "invalid_grant: Invalid JWT: Token must be a short-lived token (60 minutes) and in a"
        " reasonable timeframe. Check your iat and exp values in the JWT claim."
    )
    error = _raised(google.auth.exceptions.RefreshError(said))
    assert type(error) is AuthenticationFailed
    assert "clock" in error.hint


def test_a_token_reply_without_a_token_is_an_unexpected_answer() -> None:
    error = google.auth.exceptions.RefreshError("No access token in response.", {})
    assert type(_raised(error)) is UnexpectedAnswer


@pytest.mark.parametrize(
    "part", [{"errors": None}, {"details": "none"}, {"errors": ["text"], "details": [None]}]
)
def test_an_error_with_unreadable_reasons_is_mapped_by_its_status(part: dict[str, Any]) -> None:
    error = _error_reply(503)
    error._errors, error._details = part.get("errors", ()), part.get("details", ())
    assert type(_raised(error)) is Unavailable


@pytest.mark.parametrize("odd", [TypeError("x"), AttributeError("x"), RecursionError("x")])
def test_an_undocumented_exception_of_a_library_is_an_unexpected_answer(
    odd: Exception,
) -> None:
    with pytest.raises(UnexpectedAnswer) as raised, call_errors("do it"):
        raise odd
    assert raised.value.__cause__ is odd
    assert raised.value.provider == "gcp"
    with pytest.raises(NotFound, match="gone"), call_errors("do it"):
        raise NotFound("gone")


def test_other_exceptions_pass_unchanged() -> None:
    with pytest.raises(ConnectionError), gcp_errors("do it"):
        raise ConnectionError("another library")
    with pytest.raises(NotFound, match="gone"), gcp_errors("do it"):
        raise NotFound("gone")
