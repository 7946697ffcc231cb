"""An endpoint before a sandbox cloud: it passes requests on, and repeats them when told to."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Final

from tests.security.hostile import Arrived, HostileServer, hostile_server, reply

SANDBOX_SECONDS: Final = 120.0
"""A sandbox on a busy machine answers late, and late is not what these tests are about."""

SHORTEST_TOKEN: Final = 16
"""Shorter values of a header are words, not tokens."""

_CARRIERS: Final = ("authorization", "cookie", "token")
"""What the names of headers that carry a token have in them."""


class Echo:
    """Passes requests on to a sandbox; from a moment on it repeats them in its errors."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.repeating = False
        self.sent: set[str] = set()

    def __call__(self, arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
        self.sent |= _tokens(arrived)
        if self.repeating:
            said = arrived.text()
            document = {"error": {"code": "Echo", "message": said}, "errors": {"all": said}}
            reply(handler, 400, json.dumps(document).encode(), Content_Type="application/json")
            return
        request = urllib.request.Request(
            self.target + arrived.path,
            data=arrived.body.encode() or None,
            headers={k: v for k, v in arrived.headers.items() if k.lower() != "content-length"},
            method=arrived.method,
        )
        try:
            with urllib.request.urlopen(request, timeout=SANDBOX_SECONDS) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        kept = {
            name.replace("-", "_"): value
            for name, value in headers.items()
            if name.lower().startswith(("content-type", "x-"))
        }
        own = f"http://127.0.0.1:{handler.server.server_port}"  # type: ignore[attr-defined]  # typed as a bare server
        reply(handler, status, body.replace(self.target.encode(), own.encode()), **kept)


def _tokens(arrived: Arrived) -> set[str]:
    """Return the tokens in the headers of a request, without what their scheme is called."""
    values = {
        value.rpartition(" ")[2].rpartition("=")[2] if name.lower() != "cookie" else value
        for name, value in arrived.headers.items()
        if any(word in name.lower() for word in _CARRIERS)
    }
    return {value for value in values if len(value) >= SHORTEST_TOKEN}


@contextmanager
def echoing(target: str) -> Iterator[tuple[Echo, HostileServer]]:
    echo = Echo(target)
    with hostile_server(echo) as server:
        yield echo, server
