"""Who calls Resource Manager, and what he may do.

Source: https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.entra.access_tokens import ExpiredToken, InvalidToken, Tokens
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.tenants import Principal, tenant_of_subscription

_AUDIENCES: Final = ("https://management.azure.com", "https://management.core.windows.net")
_VERBS: Final = {"GET": "read", "HEAD": "read", "DELETE": "delete"}


def client_of(request: Request, tokens: Tokens) -> str:
    """Return the client id in the call's token, empty when there is no good one."""
    try:
        return tokens.read(_bearer(request))[0].client_id
    except (InvalidToken, ExpiredToken):
        return ""


def principal_of(request: Request, tokens: Tokens) -> Principal:
    """Return who calls; refuses with 401 a token that is missing, wrong or expired."""
    token = _bearer(request)
    if not token:
        message = "Authentication failed. The 'Authorization' header is missing."
        raise unauthenticated("AuthenticationFailed", message)
    try:
        principal, audience = tokens.read(token)
    except ExpiredToken as error:
        raise token_expired() from error
    except InvalidToken as error:
        raise unauthenticated(
            "InvalidAuthenticationToken", "The access token is invalid."
        ) from error
    if audience.rstrip("/") not in {*_AUDIENCES, request.host_url.rstrip("/")}:
        message = f"The access token has been obtained for wrong audience or resource '{audience}'."
        raise unauthenticated("InvalidAuthenticationTokenAudience", message)
    return principal


def check_subscription(principal: Principal, subscription: str) -> None:
    """Refuse a subscription that does not exist or is not in the caller's tenant."""
    tenant = tenant_of_subscription(subscription)
    if tenant is None:
        message = f"The subscription '{subscription}' could not be found."
        raise refusal(404, "SubscriptionNotFound", message)
    if tenant != principal.tenant:
        message = (
            "The access token is from the wrong issuer"
            f" 'https://sts.windows.net/{principal.tenant.id}/'. It must match the tenant"
            f" 'https://sts.windows.net/{tenant.id}/' associated with this subscription."
        )
        raise unauthenticated("InvalidAuthenticationTokenTenant", message)


def check_role(principal: Principal, request: Request) -> None:
    """Refuse with 403 what the caller's role does not allow."""
    action = action_of(request.method, request.path)
    if not any(fnmatchcase(action.lower(), allowed.lower()) for allowed in principal.actions):
        raise unauthorized(principal.client_id, principal.object_id, action, request.path)


def action_of(method: str, path: str) -> str:
    """Return the action that a role has to allow: `Microsoft.Compute/virtualMachines/write`."""
    before, _, after = path.strip("/").partition("/providers/")
    if not after:
        kinds = [part for part in before.split("/") if part.lower() == "resourcegroups"]
        noun = "/".join(["Microsoft.Resources/subscriptions", *kinds])
        return f"{noun}/{_VERBS.get(method, 'write')}"
    namespace, *parts = after.split("/")
    kinds = parts[::2]
    if method == "POST":
        return f"{namespace}/{'/'.join(kinds)}/action"
    return f"{namespace}/{'/'.join(kinds)}/{_VERBS.get(method, 'write')}"


def unauthenticated(code: str, message: str) -> Refused:
    """Return the error to raise for a token that is not accepted."""
    authority = "https://login.microsoftonline.com/common"
    challenge = f'Bearer authorization_uri="{authority}", error="invalid_token"'
    return refusal(401, code, message, {"WWW-Authenticate": challenge})


def token_expired() -> Refused:
    """Return the error to raise for a token whose time has passed."""
    message = "The access token expiry UTC time is earlier than current UTC time."
    return unauthenticated("ExpiredAuthenticationToken", message)


def unauthorized(client_id: str, object_id: str, action: str, scope: str) -> Refused:
    """Return the error to raise for want of a role."""
    return refusal(
        403,
        "AuthorizationFailed",
        f"The client '{client_id}' with object id '{object_id}' does not have authorization to"
        f" perform action '{action}' over scope '{scope}' or the scope is invalid. If access was"
        " recently granted, please refresh your credentials.",
    )


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" else ""
