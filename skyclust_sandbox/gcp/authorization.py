"""Authentication and authorization of API calls, with the errors of Google's front end."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import Refused
from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.identity import AuthenticationError, ServiceAccount, TokenIssuer
from skyclust_sandbox.gcp.request_context import PUBLIC_PROJECTS
from skyclust_sandbox.gcp.responses import not_found, refused

_MISSING: Final = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_INVALID: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_LOCATION: Final = {"location": "Authorization", "locationType": "header"}
_REALM: Final = 'Bearer realm="https://accounts.google.com/"'

# The permissions of these methods are named differently from the methods.
_PERMISSION_VERBS: Final = {
    "insert": "create",
    "aggregatedList": "list",
    "getFromFamily": "get",
    "wait": "get",
}


def authenticate(request: Request, tokens: TokenIssuer) -> ServiceAccount:
    """Return the service account of a request's bearer token.

    Raises AuthenticationError for a request without a token, and for an invalid token.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise AuthenticationError("no token")
    return tokens.verify(token.strip())


def require_token(request: Request, tokens: TokenIssuer) -> None:
    """Raise Refused with 401 unless the request has a valid bearer token."""
    if "Authorization" not in request.headers:
        raise refused(
            401,
            "required",
            _MISSING,
            location=_LOCATION,
            from_front_end=True,
            headers={"WWW-Authenticate": _REALM},
        )
    try:
        authenticate(request, tokens)
    except AuthenticationError as error:
        raise invalid_token() from error


def invalid_token(status: int = 401, reason: str = "authError") -> Refused:
    """Return the error of an invalid or expired token."""
    return refused(
        status,
        reason,
        _INVALID,
        location=_LOCATION,
        from_front_end=True,
        headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
    )


def require_permission(call: GcpCall, *, project_exists: bool) -> None:
    """Raise Refused unless the caller has the permission that a call requires.

    Service accounts have permissions in their own project only, and every caller may read the
    images of public projects.
    """
    if not project_exists:
        raise not_found(f"projects/{call.project}")
    reads = call.method.http_method == "GET" or call.method.action == "wait"
    if call.caller.project == call.project and (reads or call.caller.may_write):
        return
    if call.project in PUBLIC_PROJECTS and reads and call.method.collection == "images":
        return
    raise permission_denied(call)


def permission_denied(call: GcpCall, status: int = 403, reason: str = "forbidden") -> Refused:
    """Return the error of a call whose caller lacks the permission for it."""
    message = f"Required '{_permission(call)}' permission for 'projects/{call.project}'"
    return refused(status, reason, message, from_front_end=True)


def _permission(call: GcpCall) -> str:
    """Return the permission that a call requires, such as `compute.instances.create`."""
    service, *collection, action = call.method.id.split(".")
    return ".".join([service, *collection, _PERMISSION_VERBS.get(action, action)])
