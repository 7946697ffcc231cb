"""The metadata server of an instance: its project, zone and default service account.

See https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.gcp.identity import METADATA_ACCOUNT, SCOPE, TokenIssuer, token_response
from skyclust_sandbox.gcp.responses import json_response

_PREFIX: Final = "/computeMetadata/v1/"
_SERVICE_ACCOUNTS: Final = "instance/service-accounts/"
_FLAVOR: Final = {"Metadata-Flavor": "Google"}


def answer(request: Request, tokens: TokenIssuer, projects: Mapping[str, str]) -> Response:
    """Return the metadata server's response; `projects` has the number of each project."""
    if request.path == "/":
        return _text("computeMetadata/\n")
    if request.headers.get("Metadata-Flavor") != "Google":
        return Response("Missing Metadata-Flavor:Google header.", status=403)
    key = request.path.removeprefix(_PREFIX)
    account, _, attribute = key.removeprefix(_SERVICE_ACCOUNTS).partition("/")
    if key.startswith(_SERVICE_ACCOUNTS) and account in ("default", METADATA_ACCOUNT.email):
        return _service_account(attribute, tokens)
    values = _values(projects[METADATA_ACCOUNT.project])
    if key in values:
        return _text(values[key])
    return Response("Not Found", status=404, headers=_FLAVOR)


def _service_account(attribute: str, tokens: TokenIssuer) -> Response:
    """Return the response for an attribute of the default service account."""
    email = METADATA_ACCOUNT.email
    match attribute:
        case "":
            content = {"aliases": ["default"], "email": email, "scopes": [SCOPE]}
            return json_response(content, 200, _FLAVOR)
        case "token":
            return json_response(token_response(tokens.issue(METADATA_ACCOUNT)), 200, _FLAVOR)
        case "email":
            return _text(email)
        case "scopes":
            return _text(f"{SCOPE}\n")
        case _:
            return Response("Not Found", status=404, headers=_FLAVOR)


def _values(project_number: str) -> dict[str, str]:
    """Return the metadata values by key; the keys of directories list their entries."""
    account = METADATA_ACCOUNT
    return {
        "": "instance/\nproject/\n",
        "project/project-id": account.project,
        "project/numeric-project-id": project_number,
        "instance/zone": f"projects/{project_number}/zones/europe-west1-b",
        _SERVICE_ACCOUNTS: f"default/\n{account.email}/\n",
        "universe/universe-domain": "googleapis.com",
        "universe/universe_domain": "googleapis.com",
    }


def _text(text: str) -> Response:
    return Response(text, headers=_FLAVOR, content_type="application/text")
