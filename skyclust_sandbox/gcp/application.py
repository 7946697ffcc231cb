"""The sandbox GCP as a WSGI application: token endpoints, control paths, and the APIs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.control import Control
from skyclust_sandbox.gcp import control_paths, token_endpoints
from skyclust_sandbox.gcp.cloud import PROJECT_NUMBERS, GcpCloud

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class GcpApplication:
    """Routes requests to the control paths, to the token endpoints, and else to the cloud."""

    def __init__(self, cloud: GcpCloud, control: Control) -> None:
        self._cloud = cloud
        self._control = control
        self._cloud_application = CloudApplication(cloud, control)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Return the body of the response to one request."""
        request = Request(environ)
        if request.path.startswith(control_paths.PREFIX):
            return control_paths.answer(self._cloud, request)(environ, start_response)
        response = token_endpoints.answer(
            request, self._cloud.tokens, self._control.conditions, PROJECT_NUMBERS
        )
        if response is not None:
            return response(environ, start_response)
        return self._cloud_application(environ, start_response)
