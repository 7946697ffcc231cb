"""Serves a sandbox cloud over HTTP on a loopback port: one process, a thread a call."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from werkzeug.serving import WSGIRequestHandler, make_server

from skyclust.file_modes import keep_files_private

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class _Handler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing a request: the call counters tell what was called."""


def serve(application: WSGIApplication, *, cloud: str, host: str, port: int, nonce: str) -> None:
    """Serve until SIGTERM or SIGINT; says where on stdout, in one line of JSON, when ready.

    Port 0 takes a free one. Raises OSError when the port is taken.
    """
    keep_files_private()
    with socket.create_server((host, port), backlog=256) as listener:
        port = listener.getsockname()[1]
        server = make_server(
            host, port, application, threaded=True, request_handler=_Handler, fd=listener.fileno()
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _leave)
        ready = {"cloud": cloud, "endpoint": f"http://{host}:{port}"}
        print(json.dumps({**ready, "pid": os.getpid(), "nonce": nonce}), flush=True)  # noqa: T201
        server.serve_forever()


def drop_connection(environ: WSGIEnvironment) -> None:
    """Close the request's connection, so that whatever is written after is never sent."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)


def _leave(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)
