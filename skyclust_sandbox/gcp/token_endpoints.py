"""The endpoints that give out tokens: OAuth, STS and impersonation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.control import Conditions
from skyclust_sandbox.faults import FaultKind
from skyclust_sandbox.gcp import metadata_server
from skyclust_sandbox.gcp.identity import (
    METADATA_ACCOUNT,
    TOKEN_SECONDS,
    NotAccepted,
    Tokens,
    account_of,
    bearer,
    read_assertion,
    read_subject_token,
)
from skyclust_sandbox.gcp.responses import error_reply, reply

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_IMPERSONATE: Final = "/v1/projects/-/serviceAccounts/"
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
    return _struck(asked, conditions) or _answer(asked, request, tokens, projects)


def _answer(asked: str, request: Request, tokens: Tokens, projects: Mapping[str, str]) -> Response:
    try:
        match asked:
            case "oauth2.token":
                return _grant(request, tokens)
            case "sts.token":
                return _exchange(request, tokens)
            case "iamcredentials.generateAccessToken":
                return _impersonate(request, tokens)
            case _:
                return metadata_server.answer(request, tokens, projects)
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
    return reply(bearer(tokens.issue(account)))


def _exchange(request: Request, tokens: Tokens) -> Response:
    """Exchange a token of our workload issuer for one that may impersonate."""
    if request.form.get("grant_type") != _EXCHANGE:
        told = {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
        return reply(told, 400)
    read_subject_token(request.form.get("subject_token", ""), request.form.get("audience", ""))
    token = f"{_FEDERATED}.{tokens.issue(METADATA_ACCOUNT)}"
    return reply(
        {**bearer(token), "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}
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
