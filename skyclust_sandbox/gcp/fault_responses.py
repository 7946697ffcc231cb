"""Injected faults as errors of Google's APIs and as failures of operations."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.authorization import invalid_token, permission_denied
from skyclust_sandbox.gcp.request_context import OperationFailure
from skyclust_sandbox.gcp.responses import error_response

_FAILURES: Final = {
    "QUOTA_EXCEEDED": (403, "Quota 'CPUS' exceeded.  Limit: 24.0 in region {region}."),
    "ZONE_RESOURCE_POOL_EXHAUSTED": (
        503,
        "The zone 'projects/{project}/{scope}' does not have enough resources available to "
        "fulfill the request.  Try a different zone, or try again later.",
    ),
}


def operation_failure(call: GcpCall, fault: Fault) -> OperationFailure:
    """Return the error with which a fault makes the operation of a call fail."""
    code = str(fault.code)
    status, text = _FAILURES.get(code, (503, "The operation failed: {code}."))
    message = text.format(code=code, region=call.region, project=call.project, scope=call.scope)
    return OperationFailure(code, fault.status or status, message)


def fault_response(call: GcpCall, fault: Fault) -> Response:
    """Return the error response of a fault that rejects a call."""
    match fault.kind:
        case FaultKind.THROTTLE:
            return _throttled(call, fault)
        case FaultKind.DENY:
            reason = fault.code or ("accessDenied" if call.api == "bigquery.v2" else "forbidden")
            return permission_denied(call, fault.status or 403, reason).response
        case FaultKind.EXPIRE:
            return invalid_token(fault.status or 401, fault.code or "authError").response
        case _:
            return error_response(
                fault.status or 503,
                fault.code or "backendError",
                "Internal error. Please try again or contact Google Support.",
                from_front_end=True,
            )


def _throttled(call: GcpCall, fault: Fault) -> Response:
    """Return the response of an exceeded rate limit.

    Its status is 429, or that of the fault: older quotas use 403, as BigQuery does
    (https://cloud.google.com/bigquery/docs/error-messages).
    """
    in_bigquery = call.api == "bigquery.v2"
    message = (
        "Exceeded rate limits: too many api requests per user per method for this user_method."
        if in_bigquery
        else f"Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service "
        f"'compute.googleapis.com' for consumer 'project:{call.project}'."
    )
    headers = {"Retry-After": f"{max(1, round(fault.seconds))}"} if fault.seconds else {}
    return error_response(
        fault.status or (403 if in_bigquery else 429),
        fault.code or "rateLimitExceeded",
        message,
        domain="usageLimits",
        from_front_end=True,
        headers=headers,
    )
