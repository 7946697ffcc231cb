"""The HTTP server of a sandbox cloud on a loopback port: one process, one thread per call."""

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
        """Log nothing: the counters of the control API record the calls."""


def serve(application: WSGIApplication, *, cloud: str, host: str, port: int, nonce: str) -> None:
    """Serve until SIGTERM or SIGINT; prints the endpoint as one line of JSON on stdout when ready.

    Port 0 selects a free port. Raises OSError when the port is in use.
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
    """Close the connection of a request, so that its reply is never sent."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)


def _leave(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)
