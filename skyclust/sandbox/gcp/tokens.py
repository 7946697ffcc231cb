"""The endpoints that give out tokens: OAuth, STS, impersonation and the metadata server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust.sandbox.control import Conditions
from skyclust.sandbox.faults import FaultKind
from skyclust.sandbox.gcp.identity import (
    METADATA_ACCOUNT,
    SCOPE,
    TOKEN_SECONDS,
    NotAccepted,
    Tokens,
    account_of,
    read_assertion,
    read_subject_token,
)
from skyclust.sandbox.gcp.wire import error_reply, reply

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_METADATA: Final = "/computeMetadata/v1/"
_IMPERSONATE: Final = "/v1/projects/-/serviceAccounts/"
_FLAVOR: Final = {"Metadata-Flavor": "Google"}
_FEDERATED: Final = "federated"


def answer(
    request: Request, tokens: Tokens, conditions: Conditions, projects: Mapping[str, str]
) -> Response | None:
    """Return the reply to a call for a token, None when it is a call of something else.

    `projects` is the number of each project.
    """
    asked = _asked(request)
    if asked is None:
        return None
    struck = _struck(asked, conditions)
    if struck is not None:
        return struck
    try:
        match asked:
            case "oauth2.token":
                return _grant(request, tokens)
            case "sts.token":
                return _exchange(request, tokens)
            case "iamcredentials.generateAccessToken":
                return _impersonate(request, tokens)
            case _:
                return _metadata(request, tokens, projects)
    except NotAccepted as error:
        return reply({"error": "invalid_grant", "error_description": str(error)}, 400)


def _asked(request: Request) -> str | None:
    path, method = request.path, request.method
    if method == "POST" and path == "/token":
        return "oauth2.token"
    if method == "POST" and path == "/v1/token":
        return "sts.token"
    if path.startswith(_IMPERSONATE) and path.endswith(":generateAccessToken"):
        return "iamcredentials.generateAccessToken"
    if method == "GET" and (path == "/" or path.startswith("/computeMetadata/")):
        return "metadata.token" if path.endswith("/token") else "metadata.get"
    return None


def _struck(asked: str, conditions: Conditions) -> Response | None:
    """Let a fault strike that names this call; one that is meant for all calls does not."""
    faults = conditions.faults
    service = asked.partition(".")[0]
    if not any(
        one.fault.action.startswith(service) and fnmatchcase(asked, one.fault.action)
        for one in faults.standing()
    ):
        return None
    for fault in faults.strikes(asked, "", ""):
        if fault.kind in (FaultKind.EXPIRE, FaultKind.DENY):
            told = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return reply(told, fault.status or 400)
        if fault.kind is FaultKind.THROTTLE:
            return reply({"error": "rate_limit_exceeded"}, 429, {"Retry-After": "1"})
        if fault.kind is FaultKind.ERROR:
            return reply({"error": fault.code or "internal_failure"}, fault.status or 500)
    return None


def _grant(request: Request, tokens: Tokens) -> Response:
    if request.form.get("grant_type") != _GRANT:
        told = {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
        return reply(told, 400)
    account = read_assertion(request.form.get("assertion", ""))
    return reply(_bearer(tokens.issue(account)))


def _exchange(request: Request, tokens: Tokens) -> Response:
    """Exchange a token of our workload issuer for one that may impersonate."""
    if request.form.get("grant_type") != _EXCHANGE:
        told = {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
        return reply(told, 400)
    read_subject_token(request.form.get("subject_token", ""), request.form.get("audience", ""))
    token = f"{_FEDERATED}.{tokens.issue(METADATA_ACCOUNT)}"
    return reply(
        {**_bearer(token), "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    )


def _impersonate(request: Request, tokens: Tokens) -> Response:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        tokens.read(token.removeprefix(f"{_FEDERATED}."))
    except NotAccepted:
        message = "Request had invalid authentication credentials."
        return error_reply(401, "authError", message, front=True)
    email = request.path.removeprefix(_IMPERSONATE).partition(":")[0]
    try:
        account = account_of(email)
    except NotAccepted:
        message = (
            "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not "
            "exist)."
        )
        return error_reply(403, "forbidden", message, front=True)
    expires = datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS)
    return reply(
        {"accessToken": tokens.issue(account), "expireTime": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    )


def _metadata(request: Request, tokens: Tokens, projects: Mapping[str, str]) -> Response:
    """Return what the metadata server says.

    See https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
    """
    if request.path == "/":
        return Response("computeMetadata/\n", headers=_FLAVOR)
    if request.headers.get("Metadata-Flavor") != "Google":
        return Response("Missing Metadata-Flavor:Google header.", status=403)
    account = METADATA_ACCOUNT
    zone = f"projects/{projects[account.project]}/zones/europe-west1-b"
    texts = {
        "": "instance/\nproject/\n",
        "project/project-id": account.project,
        "project/numeric-project-id": projects[account.project],
        "instance/zone": zone,
        "instance/service-accounts/": f"default/\n{account.email}/\n",
        "universe/universe-domain": "googleapis.com",
        "universe/universe_domain": "googleapis.com",
    }
    asked = request.path.removeprefix(_METADATA)
    if asked in texts:
        return Response(texts[asked], headers=_FLAVOR, content_type="application/text")
    _, found, below = asked.partition("instance/service-accounts/")
    who, _, what = below.partition("/")
    if not found or who not in ("default", account.email):
        return Response("Not Found", status=404, headers=_FLAVOR)
    match what:
        case "":
            content = {"aliases": ["default"], "email": account.email, "scopes": [SCOPE]}
            return reply(content, 200, _FLAVOR)
        case "token":
            return reply(_bearer(tokens.issue(account)), 200, _FLAVOR)
        case "email":
            return Response(account.email, headers=_FLAVOR, content_type="application/text")
        case "scopes":
            return Response(f"{SCOPE}\n", headers=_FLAVOR, content_type="application/text")
        case _:
            return Response("Not Found", status=404, headers=_FLAVOR)


def _bearer(token: str) -> dict[str, object]:
    # A second is lost on the way, as at Google.
    return {"access_token": token, "expires_in": int(TOKEN_SECONDS) - 1, "token_type": "Bearer"}
