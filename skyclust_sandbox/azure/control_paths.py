"""What tests see and set that Azure itself does not show: content of disks, certificates.

GET  /_sandbox/content/<id of a disk or snapshot>   {"content": "..."}
PUT  /_sandbox/content/<id of a disk>               {"content": "..."}
POST /_sandbox/certificates                         {"client_id": "...", "certificate": PEM}
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.entra.client_assertions import read_certificate
from skyclust_sandbox.azure.tenants import PRINCIPALS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CONTENT: Final = "/_sandbox/content"
_CERTIFICATES: Final = "/_sandbox/certificates"


class Content(BaseModel):
    """What is in a disk."""

    model_config = ConfigDict(extra="forbid")

    content: str


class RegisteredCertificate(BaseModel):
    """A certificate in PEM by which a client may prove who it is."""

    model_config = ConfigDict(extra="forbid")

    client_id: str
    certificate: str


class HiddenControl:
    """Answers these paths, and lets the application answer all others."""

    def __init__(self, cloud: AzureCloud, application: WSGIApplication) -> None:
        self._cloud = cloud
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        if not request.path.startswith((f"{_CONTENT}/", _CERTIFICATES)):
            return self._application(environ, start_response)
        try:
            told, status = self._answer(request)
        except (ValidationError, ValueError) as error:
            told, status = {"error": str(error)}, 400
        response = Response(json.dumps(told), status=status, mimetype="application/json")
        return response(environ, start_response)

    def _answer(self, request: Request) -> tuple[dict[str, str], int]:
        with self._cloud.lock:
            state = self._cloud.state
            if request.path == _CERTIFICATES:
                asked = RegisteredCertificate.model_validate_json(request.get_data())
                certificate = read_certificate(asked.certificate.encode())
                client_id = PRINCIPALS[asked.client_id].client_id
                state.certificates.setdefault(client_id, []).append(certificate)
                return {"client_id": client_id}, 200
            state.agenda.advance()
            resource = state.resources.find(request.path.removeprefix(_CONTENT))
            if resource is None:
                return {"error": f"There is no {request.path.removeprefix(_CONTENT)}."}, 404
            if request.method == "PUT":
                resource.content = Content.model_validate_json(request.get_data()).content
            return {"content": resource.content}, 200
