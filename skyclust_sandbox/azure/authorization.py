"""Authentication of Resource Manager requests, and the actions that the caller's role allows.

Source: https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.entra.access_tokens import ExpiredToken, InvalidToken, Tokens
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.tenants import Principal, tenant_of_subscription

_AUDIENCES: Final = ("https://management.azure.com", "https://management.core.windows.net")
_READS_BY_POST: Final = frozenset({"microsoft.costmanagement/query"})
"""POST requests that the roles allow as reads: the role Cost Management Reader has `*/read` only
(https://learn.microsoft.com/en-us/azure/role-based-access-control/permissions/management-and-governance)."""
_VERBS: Final = {"GET": "read", "HEAD": "read", "DELETE": "delete"}


def client_id_of(request: Request, tokens: Tokens) -> str:
    """Return the client id in the request's token, empty without a valid token."""
    try:
        return tokens.verify(_bearer_token(request))[0].client_id
    except (InvalidToken, ExpiredToken):
        return ""


def authenticate(request: Request, tokens: Tokens) -> Principal:
    """Return the principal of the request's token; 401 if it is missing, invalid or expired."""
    token = _bearer_token(request)
    if not token:
        message = "Authentication failed. The 'Authorization' header is missing."
        raise authentication_error("AuthenticationFailed", message)
    try:
        principal, audience = tokens.verify(token)
    except ExpiredToken as error:
        raise expired_token_error() from error
    except InvalidToken as error:
        raise authentication_error(
            "InvalidAuthenticationToken", "The access token is invalid."
        ) from error
    if audience.rstrip("/") not in {*_AUDIENCES, request.host_url.rstrip("/")}:
        message = f"The access token has been obtained for wrong audience or resource '{audience}'."
        raise authentication_error("InvalidAuthenticationTokenAudience", message)
    return principal


def check_subscription(principal: Principal, subscription: str) -> None:
    """Refuse a subscription that does not exist or belongs to another tenant."""
    tenant = tenant_of_subscription(subscription)
    if tenant is None:
        message = f"The subscription '{subscription}' could not be found."
        raise arm_error(404, "SubscriptionNotFound", message)
    if tenant != principal.tenant:
        message = (
            "The access token is from the wrong issuer"
            f" 'https://sts.windows.net/{principal.tenant.id}/'. It must match the tenant"
            f" 'https://sts.windows.net/{tenant.id}/' associated with this subscription."
        )
        raise authentication_error("InvalidAuthenticationTokenTenant", message)


def check_role(principal: Principal, request: Request) -> None:
    """Refuse with 403 an action that the principal's role does not allow."""
    action = required_action(request.method, request.path)
    if not any(fnmatchcase(action.lower(), allowed.lower()) for allowed in principal.actions):
        raise authorization_error(principal.client_id, principal.object_id, action, request.path)


def required_action(method: str, path: str) -> str:
    """Return the action that a role must allow, such as `Microsoft.Compute/disks/write`."""
    scope, _, provider_path = path.strip("/").partition("/providers/")
    if not provider_path:
        types = [segment for segment in scope.split("/") if segment.lower() == "resourcegroups"]
        resource_type = "/".join(["Microsoft.Resources/subscriptions", *types])
        return f"{resource_type}/{_VERBS.get(method, 'write')}"
    namespace, *segments = provider_path.split("/")
    resource_type = f"{namespace}/{'/'.join(segments[::2])}"
    if resource_type.lower() in _READS_BY_POST:
        return f"{resource_type}/read"
    return f"{resource_type}/{'action' if method == 'POST' else _VERBS.get(method, 'write')}"


def authentication_error(code: str, message: str) -> Refused:
    """Return the error to raise for a token that is not accepted."""
    authority = "https://login.microsoftonline.com/common"
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
    return arm_error(401, code, message, {"WWW-Authenticate": challenge})


def expired_token_error() -> Refused:
    """Return the error to raise for an expired token."""
    message = "The access token expiry UTC time is earlier than current UTC time."
    return authentication_error("ExpiredAuthenticationToken", message)


def authorization_error(client_id: str, object_id: str, action: str, scope: str) -> Refused:
    """Return the error to raise for an action that no role assignment allows."""
    return arm_error(
        403,
        "AuthorizationFailed",
        f"The client '{client_id}' with object id '{object_id}' does not have authorization to"
        f" perform action '{action}' over scope '{scope}' or the scope is invalid. If access was"
        " recently granted, please refresh your credentials.",
    )


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""
