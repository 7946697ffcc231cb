"""A hostile or broken endpoint costs the worker seconds and megabytes, never more."""

from __future__ import annotations

import gzip
import resource
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

import pytest

from skyclust.errors import LONGEST_TEXT, SkyClustError, Timeout, UnexpectedAnswer
from skyclust.providerkit import guarded_http
from skyclust.providerkit.deadline import call_deadline
from skyclust.providerkit.provider_errors import provider_errors
from tests.fixtures.machine_speed import bound
from tests.security.attacked import CLOUDS, credential_values, opened
from tests.security.hostile import Answer, Arrived, hostile_server, reply

MEGABYTE: Final = 1024 * 1024

UNPACKED: Final = 150 * MEGABYTE
"""Far more than an answer may have, and far less than this machine has."""


def _verified(cloud: str, answer: Answer, seconds: float = 60) -> SkyClustError:
    """Return the error of a verification of a credential that leads to such an endpoint."""
    with hostile_server(answer) as server:
        provider = opened(cloud, credential_values(cloud, server.url))
        with (
            pytest.raises(SkyClustError) as caught,
            call_deadline(seconds),
            provider_errors(cloud, "verify"),
        ):
            provider.verify()
    assert server.arrived
    return caught.value


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A gzip of zeros, a thousandth of what it unpacks to."""
    return gzip.compress(b"0" * UNPACKED, compresslevel=9)


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_unpacks_to_hundreds_of_megabytes_is_given_up(
    cloud: str, status: int, bomb: bytes
) -> None:
    before = _peak_megabytes()

    def answer(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
        reply(handler, status, bomb, Content_Encoding="gzip", Content_Type="application/json")

    error = _verified(cloud, answer)
    assert len(str(error)) <= 2 * LONGEST_TEXT + 1
    assert _peak_megabytes() - before < 100


@pytest.mark.parametrize("cloud", CLOUDS)
def test_an_answer_without_an_end_is_given_up(cloud: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "LARGEST_ANSWER", 2 * MEGABYTE)

    def answer(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        for _ in range(64):
            handler.wfile.write(b" " * MEGABYTE)

    error = _verified(cloud, answer)
    assert isinstance(error, UnexpectedAnswer)
    assert error.code == "AnswerTooLarge"


def _byte_by_byte(handler: BaseHTTPRequestHandler, text: bytes) -> None:
    for byte in text:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.2)


def _slow_body(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    _byte_by_byte(handler, b" " * 1000)


def _slow_headers(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
    _byte_by_byte(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


@pytest.mark.parametrize("answer", [_slow_body, _slow_headers])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_byte_now_and_then_does_not_hold_a_verification(
    cloud: str, answer: Callable[[Arrived, Any], None]
) -> None:
    began = time.monotonic()
    error = _verified(cloud, answer, seconds=3)
    assert isinstance(error, Timeout), error
    assert time.monotonic() - began < bound(20)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_call_begins_after_the_deadline(cloud: str) -> None:
    """However often an SDK would try again."""
    with hostile_server(_slow_body) as server:
        provider = opened(cloud, credential_values(cloud, server.url))
        with pytest.raises(Timeout), call_deadline(0), provider_errors(cloud, "verify"):
            provider.verify()
    assert not server.arrived


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_text_of_an_error_is_kept_short(
    cloud: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    document = b'{"error": {"code": "Odd", "message": "' + b"word " * 200_000 + b'"}}'

    def answer(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
        reply(handler, status, document, Content_Type="application/json")

    error = _verified(cloud, answer)
    assert len(error.message) <= LONGEST_TEXT
    assert len(error.hint) <= LONGEST_TEXT


@pytest.mark.parametrize(
    "document",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"value":[' * 50_000, b"<a>" * 100_000],
    ids=["lists", "objects", "both", "xml"],
)
@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_is_nested_without_end_is_one_error(
    cloud: str, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def answer(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
        kind = "text/xml" if document.startswith(b"<") else "application/json"
        reply(handler, 200, document, Content_Type=kind)

    _verified(cloud, answer)


@pytest.mark.parametrize("error", [RecursionError("deep"), MemoryError()])
def test_what_python_itself_gives_up_is_an_error_of_the_tree(error: Exception) -> None:
    with pytest.raises(UnexpectedAnswer), provider_errors("acme", "read"):
        raise error
