"""The WSGI application of the sandbox OpenStack: its services and the content of its disks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.control import Control
from skyclust_sandbox.openstack.cloud import OpenStackCloud
from skyclust_sandbox.openstack.disk_content import answer_content

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_PREFIX: Final = "/_content/"


class OpenStackApplication:
    """Serve the OpenStack APIs, the control API, and the disk content under /_content/."""

    def __init__(self, cloud: OpenStackCloud, sandbox: Control) -> None:
        self._cloud = cloud
        self._services = CloudApplication(cloud, sandbox)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Reply to one request."""
        if environ["PATH_INFO"].startswith(CONTENT_PREFIX):
            request = Request(environ)
            object_id = request.path.removeprefix(CONTENT_PREFIX)
            return answer_content(self._cloud, request, object_id)(environ, start_response)
        return self._services(environ, start_response)
