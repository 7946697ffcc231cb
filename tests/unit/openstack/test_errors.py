"""The error table: complete, exact, and without secrets in messages."""

from __future__ import annotations

import inspect
import json
from itertools import chain

import keystoneauth1.exceptions
import openstack.exceptions
import pytest
import requests
from keystoneauth1 import exceptions as ksa
from keystoneauth1.exceptions import oidc

from providers.openstack import error_codes as table
from providers.openstack.errors import (
    class_for,
    openstack_errors,
    read_answer,
)
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
from tests.unit.openstack.documented_codes import unmapped_classes, unmapped_codes

POLICY = "Policy doesn't allow os_compute_api:servers:create to be performed."
PORTS = "Maximum number of ports exceeded"


def _http_error(status: int, content: object, **headers: str) -> Exception:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(content).encode()
    response.headers.update({"content-type": "application/json", **headers})
    response.request = requests.Request("GET", "http://cloud/servers").prepare()
    with pytest.raises(openstack.exceptions.HttpException) as raised:
        openstack.exceptions.raise_from_response(response)
    return raised.value


def _raised(error: Exception) -> SkyClustError:
    with pytest.raises(SkyClustError) as raised, openstack_errors("do it"):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.provider == "openstack"
    return raised.value


@pytest.mark.newest
def test_every_exception_class_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_classes() == []
    monkeypatch.delitem(table.CLASSES, "ConnectTimeout")
    assert unmapped_classes() == ["ConnectTimeout"]


def test_every_documented_code_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_codes() == []
    monkeypatch.delitem(table.FAULTS, "unauthorized")
    monkeypatch.delitem(table.TYPES, "IpAddressInUse")
    assert unmapped_codes() == ["unauthorized"]  # the other one has an ending in the table


@pytest.mark.newest
def test_the_table_names_only_classes_that_exist() -> None:
    modules = (openstack.exceptions, keystoneauth1.exceptions, oidc, requests.exceptions)
    known = {name for module in modules for name, _ in inspect.getmembers(module, inspect.isclass)}
    assert set(table.CLASSES) - known == set()


def test_no_code_is_mapped_twice() -> None:
    for groups in (table._TYPES, table._FAULTS, table._CLASSES):
        names = list(chain.from_iterable(groups.values()))
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (403, "forbidden", "Quota exceeded for cores, ram: Requested 4, 2048", QuotaExceeded),
        (403, "forbidden", PORTS, QuotaExceeded),
        (403, "forbidden", POLICY, PermissionDenied),
        (413, "overLimit", "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded",
         QuotaExceeded),
        (413, "overLimit", "Snapshot exceeds allowed gigabytes quota", QuotaExceeded),
        (413, "overLimit", "This request was rate-limited.", Throttled),
        (409, "OverQuota", "Quota exceeded for resources: ['floatingip'].", QuotaExceeded),
        (409, "IpAddressGenerationFailure", "No more IP addresses available.", CapacityExhausted),
        (400, "ExternalIpAddressExhausted", "Unable to find any IP address", CapacityExhausted),
        (500, "computeFault", "No valid host was found.", CapacityExhausted),
        (409, "conflictingRequest", "Cannot 'stop' instance while it is in task_state", Conflict),
        (409, "SecurityGroupInUse", "Security Group is in use", Conflict),
        (409, "IpAddressInUse", "IP address 10.0.0.5 already allocated", InvalidRequest),
        (404, "NetworkNotFound", "Network could not be found", NotFound),
        (404, "itemNotFound", "Instance could not be found", NotFound),
        (400, "badRequest", "Invalid input for field/attribute name", InvalidRequest),
        (401, "error", "The request you have made requires authentication.", AuthenticationFailed),
        (405, "badMethod", "not allowed", Unsupported),
        (406, "computeFault", "Version 2.999 is not supported", Unsupported),
        (429, "", "", Throttled),
        (500, "computeFault", "Unexpected API Error.", Unavailable),
        (501, "notImplemented", "The method is not implemented", Unsupported),
        (502, "", "", Unavailable),
        (503, "serviceUnavailable", "", Unavailable),
        (504, "", "", Timeout),
        (418, "", "", InvalidRequest),
    ],
)  # fmt: skip
def test_the_class_follows_from_code_message_and_status(
    status: int, code: str, message: str, expected: type[SkyClustError]
) -> None:
    assert class_for(status, code, message) is expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"itemNotFound": {"message": "gone", "code": 404}}, ("itemNotFound", "gone")),
        (
            {"NeutronError": {"type": "OverQuota", "message": "no more", "detail": ""}},
            ("OverQuota", "no more"),
        ),
        (
            {"error": {"code": 401, "title": "Unauthorized", "message": "no"}},
            ("Unauthorized", "no"),
        ),
        ({"faultcode": "Client", "faultstring": "no", "debuginfo": None}, ("Client", "no")),
        (
            {
                "message": "No image<br /><br />\n\n\n",
                "code": "404 Not Found",
                "title": "Not Found",
            },
            ("404 Not Found", "No image"),
        ),
        ({"message": "You cannot.", "code": "403"}, ("message", "You cannot.")),
        ([], ("", "")),
    ],
)
def test_code_and_message_are_read_from_every_service(
    content: object, expected: tuple[str, str]
) -> None:
    assert read_answer(content) == expected


def test_an_error_contains_the_message_of_the_service() -> None:
    error = _raised(_http_error(403, {"forbidden": {"message": POLICY, "code": 403}}))
    assert type(error) is PermissionDenied
    assert error.code == "forbidden"
    assert str(error).startswith(f"Could not do it: {POLICY.rstrip('.')} (forbidden).")


def test_an_html_page_of_a_proxy_is_mapped_by_its_status() -> None:
    response = requests.Response()
    response.status_code = 503
    response._content = b"<html>gone fishing</html>"
    response.request = requests.Request("GET", "http://cloud/").prepare()
    with pytest.raises(openstack.exceptions.HttpException) as raised:
        openstack.exceptions.raise_from_response(response)
    assert type(_raised(raised.value)) is Unavailable


def test_an_authentication_error_does_not_quote_the_reply() -> None:
    content = {"error": {"message": "canary-secret is no secret", "title": "Unauthorized"}}
    error = _raised(_http_error(401, content))
    assert type(error) is AuthenticationFailed
    assert "canary" not in str(error)


def test_throttled_has_the_seconds_of_retry_after() -> None:
    error = _raised(_http_error(429, {"overLimit": {"message": "slow"}}, **{"Retry-After": "3"}))
    assert isinstance(error, Throttled)
    assert error.retry_after == 3.0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ksa.ConnectFailure("refused"), Unavailable),
        (ksa.ConnectTimeout("slow"), Timeout),
        (ksa.SSLError("no trust"), Unavailable),
        (ksa.EndpointNotFound("none"), Unsupported),
        (ksa.Unauthorized("no"), AuthenticationFailed),
        (requests.exceptions.ChunkedEncodingError("cut"), Unavailable),
    ],
)
def test_an_exception_without_a_response_is_mapped_by_its_class(
    error: Exception, expected: type[SkyClustError]
) -> None:
    assert type(_raised(error)) is expected


def test_any_other_exception_is_an_unexpected_answer() -> None:
    """A reply that does not match its API may raise anything in the code that reads it."""
    for odd in (TypeError("'NoneType' object is not subscriptable"), KeyError("servers")):
        raises = pytest.raises(UnexpectedAnswer, match="Could not do it")
        with raises as raised, openstack_errors("do it"):
            raise odd
        assert raised.value.__cause__ is odd
    with pytest.raises(NotFound, match="gone"), openstack_errors("do it"):
        raise NotFound("gone")
