"""Who is let in, and what faults look like in Google's words."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.identity import Account, NotAccepted, Tokens
from skyclust_sandbox.gcp.responses import error_reply, not_found, refused
from skyclust_sandbox.gcp.state import PUBLIC_PROJECTS, OperationFailure

_MISSING: Final = (
    "Request is missing required authentication credential. Expected OAuth 2 access token, login "
    "cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_NOT_ACCEPTED: Final = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
    "or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_LOCATION: Final = {"location": "Authorization", "locationType": "header"}
_REALM: Final = 'Bearer realm="https://accounts.google.com/"'

_VERBS: Final = {
    "insert": "create",
    "aggregatedList": "list",
    "getFromFamily": "get",
    "wait": "get",
}

_FAILURES: Final = {
    "QUOTA_EXCEEDED": (403, "Quota 'CPUS' exceeded.  Limit: 24.0 in region {region}."),
    "ZONE_RESOURCE_POOL_EXHAUSTED": (
        503,
        "The zone 'projects/{project}/{scope}' does not have enough resources available to "
        "fulfill the request.  Try a different zone, or try again later.",
    ),
}


def caller(request: Request, tokens: Tokens) -> Account:
    """Return who calls; raises NotAccepted when nobody known does."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise NotAccepted("no token")
    return tokens.read(token.strip())


def require_token(request: Request, tokens: Tokens) -> None:
    """Refuse a request without a token that is good now."""
    if "Authorization" not in request.headers:
        raise refused(
            401,
            "required",
            _MISSING,
            location=_LOCATION,
            front=True,
            headers={"WWW-Authenticate": _REALM},
        )
    try:
        caller(request, tokens)
    except NotAccepted as error:
        raise refused(
            401,
            "authError",
            _NOT_ACCEPTED,
            location=_LOCATION,
            front=True,
            headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
        ) from error


def permission(call: GcpCall) -> str:
    """Return the permission that a call needs: `compute.instances.create`."""
    service, *collection, action = call.method.id.split(".")
    return ".".join([service, *collection, _VERBS.get(action, action)])


def require_permission(call: GcpCall, *, known: bool) -> None:
    """Refuse a caller who may not do it; `known` tells whether there is such a project."""
    if not known:
        raise not_found(f"projects/{call.project}")
    reads = call.method.verb == "GET" or call.method.action == "wait"
    if call.caller.project == call.project and (reads or call.caller.may_write):
        return
    if call.project in PUBLIC_PROJECTS and reads and call.method.collection == "images":
        return
    message = f"Required '{permission(call)}' permission for 'projects/{call.project}'"
    raise refused(403, "forbidden", message, front=True)


def operation_failure(call: GcpCall, fault: Fault) -> OperationFailure:
    """Return how a fault lets an operation fail."""
    code = str(fault.code)
    status, text = _FAILURES.get(code, (503, "The operation failed: {code}."))
    message = text.format(code=code, region=call.region, project=call.project, scope=call.scope)
    return OperationFailure(code, fault.status or status, message)


def fault_reply(call: GcpCall, fault: Fault) -> Response:
    """Return a fault that refuses a call."""
    match fault.kind:
        case FaultKind.THROTTLE:
            return _throttled(call, fault)
        case FaultKind.DENY:
            message = f"Required '{permission(call)}' permission for 'projects/{call.project}'"
            return error_reply(fault.status or 403, fault.code or "forbidden", message, front=True)
        case FaultKind.EXPIRE:
            return error_reply(
                fault.status or 401,
                fault.code or "authError",
                _NOT_ACCEPTED,
                location=_LOCATION,
                front=True,
                headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
            )
        case _:
            return error_reply(
                fault.status or 503,
                fault.code or "backendError",
                "Internal error. Please try again or contact Google Support.",
                front=True,
            )


def _throttled(call: GcpCall, fault: Fault) -> Response:
    """Return a throttle: 429, or 403 as older quotas do where the fault has that status."""
    message = (
        f"Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service "
        f"'compute.googleapis.com' for consumer 'project:{call.project}'."
    )
    headers = {"Retry-After": f"{max(1, round(fault.seconds))}"} if fault.seconds else {}
    return error_reply(
        fault.status or 429,
        fault.code or "rateLimitExceeded",
        message,
        domain="usageLimits",
        front=True,
        headers=headers,
    )
