"""The error mapping: complete, exact, and without secrets."""

from __future__ import annotations

import gzip
import inspect
import json
from itertools import chain
from pathlib import Path
from typing import Any

import botocore
import botocore.exceptions
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from providers.aws import errors as table
from providers.aws.errors import ERROR_CLASSES, ERROR_CODES, aws_errors
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
)
from tests.unit.aws.documented_codes import unmapped_classes, unmapped_codes

CALLED = {
    "sts": ("AssumeRole", "GetCallerIdentity"),
    "iam": ("GetRole", "SimulatePrincipalPolicy"),
    "elb": ("DescribeLoadBalancers", "DescribeTags"),
    "elbv2": ("DescribeLoadBalancers", "DescribeTags"),
    "ce": ("GetCostAndUsage",),
    "cloudwatch": ("GetMetricData",),
}


def _codes_of_called_operations() -> frozenset[str]:
    """The error codes in botocore's models of the called operations; EC2's model has none."""
    found: set[str] = set()
    for service, operations in CALLED.items():
        [path] = (Path(botocore.__file__).parent / "data" / service).glob("*/service-2.json.gz")
        model = json.loads(gzip.decompress(path.read_bytes()))
        shapes = {e["shape"] for o in operations for e in model["operations"][o].get("errors", ())}
        found |= {model["shapes"][shape].get("error", {}).get("code", shape) for shape in shapes}
    return frozenset(found)


def _answer(code: str, status: int = 400, message: str = "said so", **headers: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return ClientError(response, "RunInstances")


def _raised(error: Exception) -> SkyClustError:
    with pytest.raises(SkyClustError) as raised, aws_errors("do it"):
        raise error
    assert raised.value.__cause__ is error
    assert raised.value.provider == "aws"
    return raised.value


@pytest.mark.newest
def test_every_exception_class_of_botocore_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_classes() == []
    monkeypatch.delitem(ERROR_CLASSES, "ReadTimeoutError")
    assert unmapped_classes() == ["ReadTimeoutError"]


@pytest.mark.newest
def test_the_table_names_only_classes_that_exist() -> None:
    known = {name for name, _ in inspect.getmembers(botocore.exceptions, inspect.isclass)}
    assert set(ERROR_CLASSES) - known == {"ResponseParserError"}


def test_every_documented_code_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unmapped_codes() == []
    monkeypatch.delitem(ERROR_CODES, "RequestLimitExceeded")
    monkeypatch.delitem(ERROR_CODES, "AuthFailure")
    assert unmapped_codes() == ["AuthFailure"]  # the other one has an ending that is placed


@pytest.mark.newest
def test_every_code_of_the_calls_to_other_services_is_mapped() -> None:
    codes = _codes_of_called_operations()
    assert {"ExpiredTokenException", "LoadBalancerNotFound", "NoSuchEntity"} <= codes
    assert unmapped_codes(codes) == []


def test_no_code_and_no_class_is_mapped_twice() -> None:
    for groups in (table._CODES, table._CLASSES):
        names = list(chain.from_iterable(groups.values()))
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("RequestLimitExceeded", 503, Throttled),
        ("VcpuLimitExceeded", 400, QuotaExceeded),
        ("MaxSpotInstanceCountExceeded", 400, QuotaExceeded),
        ("InsufficientInstanceCapacity", 500, CapacityExhausted),
        ("InvalidSubnetID.NotFound", 400, NotFound),
        ("InvalidInstanceID.Malformed", 400, NotFound),
        ("InvalidAMIID.Malformed", 400, InvalidRequest),
        ("ExpiredToken", 403, AuthenticationFailed),
        ("RequestExpired", 400, AuthenticationFailed),
        ("UnauthorizedOperation", 403, PermissionDenied),
        ("OptInRequired", 401, PermissionDenied),
        ("IncorrectInstanceState", 400, Conflict),
        ("IdempotentParameterMismatch", 400, InvalidRequest),
        ("InternalError", 500, Unavailable),
    ],
)
def test_a_known_code_overrides_the_status(
    code: str, status: int, expected: type[SkyClustError]
) -> None:
    error = _raised(_answer(code, status))
    assert type(error) is expected
    assert error.code == code


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequest),
        (404, InvalidRequest),
        (429, Throttled),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_an_unknown_code_is_mapped_by_the_status(
    status: int, expected: type[SkyClustError]
) -> None:
    assert type(_raised(_answer("BrandNewCode", status))) is expected


def test_an_error_with_a_success_status_is_transient() -> None:
    assert type(_raised(_answer("", 200))) is Unavailable


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), Unavailable),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), Timeout),
        (ResponseParserError("<html>proxy</html>"), UnexpectedAnswer),
        (botocore.exceptions.NoCredentialsError(), AuthenticationFailed),
        (botocore.exceptions.ParamValidationError(report="no"), InvalidRequest),
    ],
)
def test_an_error_without_a_reply_is_mapped_by_its_class(
    error: Exception, expected: type[SkyClustError]
) -> None:
    assert type(_raised(error)) is expected


def test_an_unknown_class_is_mapped_by_its_base_class() -> None:
    newer = type("NewerError", (EndpointConnectionError,), {"__module__": "botocore.exceptions"})
    assert type(_raised(newer(endpoint_url="http://127.0.0.1:1"))) is Unavailable


def test_only_errors_of_our_tree_are_raised_unchanged() -> None:
    with pytest.raises(UnexpectedAnswer, match="KeyError: 'Volumes'"), aws_errors("do it"):
        raise KeyError("Volumes")
    with pytest.raises(NotFound, match="gone"), aws_errors("do it"):
        raise NotFound("gone")


def test_throttled_has_the_retry_after_of_the_header() -> None:
    error = _raised(_answer("Throttling", 400, **{"retry-after": "3"}))
    assert isinstance(error, Throttled)
    assert error.retry_after == 3.0


def test_a_message_names_the_operation_and_a_hint() -> None:
    error = _raised(_answer("OptInRequired", 401, "You are not subscribed to this service."))
    assert str(error) == (
        "Could not do it: You are not subscribed to this service (OptInRequired)."
        " Enable the service or region for the account, or leave the region out."
    )


def test_a_message_omits_the_encoded_authorization_message() -> None:
    said = (
        "You are not authorized to perform this operation. Encoded authorization failure message: "
    )
    error = _raised(_answer("UnauthorizedOperation", 403, said + "x" * 900))
    assert str(error) == (
        "Could not do it: You are not authorized to perform this operation (UnauthorizedOperation)."
    )


def test_authentication_errors_omit_the_quoted_request() -> None:
    quoted = "The Canonical String should have been x-amz-security-token:FwoGZXIvYXdzEXAMPLE"
    error = _raised(_answer("SignatureDoesNotMatch", 403, quoted))
    assert type(error) is AuthenticationFailed
    for text in (str(error), repr(error), str(error.__cause__), repr(error.__cause__)):
        assert "FwoGZXIvYXdzEXAMPLE" not in text
    assert "SignatureDoesNotMatch" in str(error)
