"""Control paths of the sandbox Azure: the data on disks, certificates of clients, cost exports.

Azure has no API for the data on a disk, so that tests read and write it here.

GET  /_sandbox/content/<id of a disk or snapshot>   {"content": "..."}
PUT  /_sandbox/content/<id of a disk>               {"content": "..."}
POST /_sandbox/certificates                         {"client_id": "...", "certificate": PEM}
POST /_sandbox/cost-exports                         {"folder": "..."}: write the published bill as
                                                    a FOCUS export; returns the manifests
POST /_sandbox/cost-pages                           {"largest": 1}: limit the pages of cost queries
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.cost_management.bill import current_bill
from skyclust_sandbox.azure.cost_management.cost_export import write_cost_export
from skyclust_sandbox.azure.entra.client_assertions import read_certificate
from skyclust_sandbox.azure.tenants import PRINCIPALS
from skyclust_sandbox.control import PagesRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CONTENT: Final = "/_sandbox/content"
_CERTIFICATES: Final = "/_sandbox/certificates"
_COST_EXPORTS: Final = "/_sandbox/cost-exports"
_COST_PAGES: Final = "/_sandbox/cost-pages"
_PATHS: Final = (f"{_CONTENT}/", _CERTIFICATES, _COST_EXPORTS, _COST_PAGES)


class DiskContent(BaseModel):
    """The data on a disk."""

    model_config = ConfigDict(extra="forbid")

    content: str


class RegisteredCertificate(BaseModel):
    """A certificate in PEM with which a client may authenticate."""

    model_config = ConfigDict(extra="forbid")

    client_id: str
    certificate: str


class CostExportRequest(BaseModel):
    """The folder of this computer that a run of the export is written to, for each month."""

    model_config = ConfigDict(extra="forbid")

    folder: Path


class AzureControlPaths:
    """A WSGI application that handles these paths and passes all others on."""

    def __init__(self, cloud: AzureCloud, application: WSGIApplication) -> None:
        self._cloud = cloud
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        request = Request(environ)
        if not request.path.startswith(_PATHS):
            return self._application(environ, start_response)
        try:
            content, status = self._handle(request)
        except (ValidationError, ValueError) as error:
            content, status = {"error": str(error)}, 400
        response = Response(json.dumps(content), status=status, mimetype="application/json")
        return response(environ, start_response)

    def _handle(self, request: Request) -> tuple[dict[str, Any], int]:
        with self._cloud.lock:
            state = self._cloud.state
            if request.path == _COST_PAGES:
                pages = PagesRequest.model_validate_json(request.get_data())
                state.largest_cost_page = pages.largest
                return {"largest": pages.largest}, 200
            if request.path == _COST_EXPORTS:
                folder = CostExportRequest.model_validate_json(request.get_data()).folder
                bill, publication = current_bill(state), state.conditions.billing.publication
                manifests = [
                    write_cost_export(folder, bill, period, publication)
                    for period in bill.periods()
                ]
                return {"manifests": [str(manifest) for manifest in manifests]}, 200
            if request.path == _CERTIFICATES:
                body = RegisteredCertificate.model_validate_json(request.get_data())
                certificate = read_certificate(body.certificate.encode())
                client_id = PRINCIPALS[body.client_id].client_id
                state.certificates.setdefault(client_id, []).append(certificate)
                return {"client_id": client_id}, 200
            state.timers.run_due()
            resource_id = request.path.removeprefix(_CONTENT)
            resource = state.resources.find(resource_id)
            if resource is None:
                return {"error": f"The resource {resource_id} does not exist."}, 404
            if request.method == "PUT":
                resource.content = DiskContent.model_validate_json(request.get_data()).content
            return {"content": resource.content}, 200
