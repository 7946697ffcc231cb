"""The metadata server of a machine, as far as it tells who the machine is.

See https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.gcp.identity import METADATA_ACCOUNT, SCOPE, Tokens, bearer
from skyclust_sandbox.gcp.responses import reply

_PREFIX: Final = "/computeMetadata/v1/"
_ACCOUNTS: Final = "instance/service-accounts/"
_FLAVOR: Final = {"Metadata-Flavor": "Google"}


def answer(request: Request, tokens: Tokens, projects: Mapping[str, str]) -> Response:
    """Return what the metadata server says; `projects` is the number of each project."""
    if request.path == "/":
        return _text("computeMetadata/\n")
    if request.headers.get("Metadata-Flavor") != "Google":
        return Response("Missing Metadata-Flavor:Google header.", status=403)
    asked = request.path.removeprefix(_PREFIX)
    who, _, what = asked.removeprefix(_ACCOUNTS).partition("/")
    if asked.startswith(_ACCOUNTS) and who in ("default", METADATA_ACCOUNT.email):
        return _account(what, tokens)
    texts = _texts(projects[METADATA_ACCOUNT.project])
    if asked in texts:
        return _text(texts[asked])
    return Response("Not Found", status=404, headers=_FLAVOR)


def _account(what: str, tokens: Tokens) -> Response:
    email = METADATA_ACCOUNT.email
    match what:
        case "":
            return reply({"aliases": ["default"], "email": email, "scopes": [SCOPE]}, 200, _FLAVOR)
        case "token":
            return reply(bearer(tokens.issue(METADATA_ACCOUNT)), 200, _FLAVOR)
        case "email":
            return _text(email)
        case "scopes":
            return _text(f"{SCOPE}\n")
        case _:
            return Response("Not Found", status=404, headers=_FLAVOR)


def _texts(number: str) -> dict[str, str]:
    account = METADATA_ACCOUNT
    return {
        "": "instance/\nproject/\n",
        "project/project-id": account.project,
        "project/numeric-project-id": number,
        "instance/zone": f"projects/{number}/zones/europe-west1-b",
        _ACCOUNTS: f"default/\n{account.email}/\n",
        "universe/universe-domain": "googleapis.com",
        "universe/universe_domain": "googleapis.com",
    }


def _text(text: str) -> Response:
    return Response(text, headers=_FLAVOR, content_type="application/text")
