"""Endpoints that an attacker runs: they note what arrives, and answer what they please."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Arrived", BaseHTTPRequestHandler], None]
"""Writes the answer to a request."""


@dataclass(frozen=True)
class Arrived:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    def text(self) -> str:
        """Return all of it as text, to look for secrets in."""
        return json.dumps([self.method, self.path, self.headers, self.body])


@dataclass
class HostileServer:
    """A server on loopback that somebody else owns."""

    port: int
    arrived: list[Arrived] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def hostile_server(answer: Answer) -> Iterator[HostileServer]:
    """Run a server that answers so, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode(errors="replace")
            arrived = Arrived(self.command, self.path, dict(self.headers), body)
            server.arrived.append(arrived)
            self.close_connection = True
            try:
                answer(arrived, self)
            except (BrokenPipeError, ConnectionResetError):
                return  # the client has had enough

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            return

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server = HostileServer(listener.server_port)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=5)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """Write a whole answer."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def hello(arrived: Arrived, handler: BaseHTTPRequestHandler) -> None:
    """Answer as a service of the inner network would."""
    reply(handler, 200, b'{"secret": "of the inner network"}', Content_Type="application/json")
