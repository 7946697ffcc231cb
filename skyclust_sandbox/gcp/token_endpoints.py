"""Token endpoints: OAuth 2.0, Security Token Service and service account impersonation."""

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
    AuthenticationError,
    TokenIssuer,
    service_account,
    token_response,
    verify_assertion,
    verify_subject_token,
)
from skyclust_sandbox.gcp.responses import error_response, json_response

_JWT_BEARER_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_EXCHANGE_GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_SERVICE_ACCOUNTS_PATH: Final = "/v1/projects/-/serviceAccounts/"
_FEDERATED_PREFIX: Final = "federated"


def answer(
    request: Request, tokens: TokenIssuer, conditions: Conditions, projects: Mapping[str, str]
) -> Response | None:
    """Return the response to a request for a token or for metadata, None for other requests.

    `projects` has the number of each project.
    """
    action = _action(request)
    if action is None:
        return None
    return _fault_response(action, conditions) or _answer(action, request, tokens, projects)


def _answer(
    action: str, request: Request, tokens: TokenIssuer, projects: Mapping[str, str]
) -> Response:
    try:
        match action:
            case "oauth2.token":
                return _grant_token(request, tokens)
            case "sts.token":
                return _exchange_token(request, tokens)
            case "iamcredentials.generateAccessToken":
                return _generate_access_token(request, tokens)
            case _:
                return metadata_server.answer(request, tokens, projects)
    except AuthenticationError as error:
        return json_response({"error": "invalid_grant", "error_description": str(error)}, 400)


def _action(request: Request) -> str | None:
    """Return the action of a request as faults name it, None for requests to other APIs."""
    path, method = request.path, request.method
    if method == "POST" and path == "/token":
        return "oauth2.token"
    if method == "POST" and path == "/v1/token":
        return "sts.token"
    if path.startswith(_SERVICE_ACCOUNTS_PATH) and path.endswith(":generateAccessToken"):
        return "iamcredentials.generateAccessToken"
    if method == "GET" and (path == "/" or path.startswith("/computeMetadata/")):
        return "metadata.token" if path.endswith("/token") else "metadata.get"
    return None


def _fault_response(action: str, conditions: Conditions) -> Response | None:
    """Return the error of a fault whose action names this API; faults of all calls do not apply."""
    faults = conditions.faults
    service = action.partition(".")[0]
    if not any(
        standing.fault.action.startswith(service) and fnmatchcase(action, standing.fault.action)
        for standing in faults.standing()
    ):
        return None
    for fault in faults.strikes(action, "", ""):
        if fault.kind in (FaultKind.EXPIRE, FaultKind.DENY):
            body = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            return json_response(body, fault.status or 400)
        if fault.kind is FaultKind.THROTTLE:
            return json_response({"error": "rate_limit_exceeded"}, 429, {"Retry-After": "1"})
        if fault.kind is FaultKind.ERROR:
            return json_response({"error": fault.code or "internal_failure"}, fault.status or 500)
    return None


def _grant_token(request: Request, tokens: TokenIssuer) -> Response:
    """Return an access token for a JWT that is signed with a service account key."""
    if request.form.get("grant_type") != _JWT_BEARER_GRANT:
        return _unsupported_grant_type()
    account = verify_assertion(request.form.get("assertion", ""))
    return json_response(token_response(tokens.issue(account)))


def _exchange_token(request: Request, tokens: TokenIssuer) -> Response:
    """Return a federated token, valid for impersonation only, for a workload's subject token."""
    if request.form.get("grant_type") != _EXCHANGE_GRANT:
        return _unsupported_grant_type()
    verify_subject_token(request.form.get("subject_token", ""), request.form.get("audience", ""))
    token = f"{_FEDERATED_PREFIX}.{tokens.issue(METADATA_ACCOUNT)}"
    issued_type = "urn:ietf:params:oauth:token-type:access_token"
    return json_response({**token_response(token), "issued_token_type": issued_type})


def _unsupported_grant_type() -> Response:
    body = {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
    return json_response(body, 400)


def _generate_access_token(request: Request, tokens: TokenIssuer) -> Response:
    """Return an access token of the service account in the path, for a federated token."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        tokens.verify(token.removeprefix(f"{_FEDERATED_PREFIX}."))
    except AuthenticationError:
        message = "Request had invalid authentication credentials."
        return error_response(401, "authError", message, from_front_end=True)
    email = request.path.removeprefix(_SERVICE_ACCOUNTS_PATH).partition(":")[0]
    try:
        account = service_account(email)
    except AuthenticationError:
        message = (
            "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not "
            "exist)."
        )
        return error_response(403, "forbidden", message, from_front_end=True)
    expires = datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS)
    return json_response(
        {"accessToken": tokens.issue(account), "expireTime": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}
    )
