"""The cluster as a WSGI application, with endpoints for tests that Proxmox VE does not have.

`PUT /guest/101` writes a text to every disk of a guest, as software in it would; `GET` returns the
text on each disk. Tests of snapshots use them. `PUT /lag` with a number of seconds delays the
cluster's own lists (`/cluster/resources`, `/cluster/nextid`), as they are while a node's copy of
the cluster's file system is outdated.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.control import Control
from skyclust_sandbox.proxmox.cloud import ProxmoxCloud

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_GUEST: Final = "/guest/"
_LAG: Final = "/lag"


class ProxmoxApplication:
    """Answers the API, the control API, and the endpoints for tests."""

    def __init__(self, cloud: ProxmoxCloud, control: Control) -> None:
        self._cloud = cloud
        self._api = CloudApplication(cloud, control)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if (request.method, request.path) == ("PUT", _LAG):
            self._cloud.lag(float(request.get_data(as_text=True)))
            return Response("{}", mimetype="application/json")(environ, start_response)
        if not request.path.startswith(_GUEST):
            return self._api(environ, start_response)
        vmid = int(request.path.removeprefix(_GUEST))
        if request.method == "PUT":
            self._cloud.write_texts(vmid, request.get_data(as_text=True))
        content = json.dumps(self._cloud.texts(vmid))
        return Response(content, mimetype="application/json")(environ, start_response)
