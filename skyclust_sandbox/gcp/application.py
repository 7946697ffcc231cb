"""The sandbox GCP as a WSGI application: tokens, control paths, and the cloud's own calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.control import Control
from skyclust_sandbox.gcp import control_paths, token_endpoints
from skyclust_sandbox.gcp.cloud import NUMBERS, GcpCloud

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class GcpApplication:
    """Answers calls for tokens and the control paths itself, and leaves the rest to the cloud."""

    def __init__(self, cloud: GcpCloud, sandbox: Control) -> None:
        self._cloud = cloud
        self._control = sandbox
        self._calls = CloudApplication(cloud, sandbox)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if request.path.startswith(control_paths.PREFIX):
            return control_paths.answer(self._cloud, request)(environ, start_response)
        token = token_endpoints.answer(
            request, self._cloud.tokens, self._control.conditions, NUMBERS
        )
        if token is not None:
            return token(environ, start_response)
        return self._calls(environ, start_response)
