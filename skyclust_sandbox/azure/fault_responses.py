"""Faults in Azure's own words.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/
request-limits-and-throttling and .../azure/virtual-machines/troubleshoot-throttling-errors;
codes of Compute: .../azure/virtual-machines/error-codes-spot and
.../azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

import math
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.authorization import action_of, token_expired, unauthorized
from skyclust_sandbox.azure.entra.endpoints import entra_refusal
from skyclust_sandbox.azure.responses import error_body, refusal, reply
from skyclust_sandbox.azure.tenants import PRINCIPALS
from skyclust_sandbox.faults import Fault, FaultKind

ALLOCATION_FAILURES: Final = frozenset(
    {"AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest"}
)
"""What Azure finds out only after it has accepted a call."""

_WAIT_SECONDS: Final = 1

_MESSAGES: Final = {
    "SkuNotAvailable": "The requested VM size for resource is currently not available in the"
    " location. Please try another size or deploy to a different location or different zone.",
    "AnotherOperationInProgress": "Another operation on this or dependent resource is in progress.",
    "Conflict": "The request failed due to conflict with a concurrent request.",
    "OperationNotAllowed": "The operation is not allowed on the resource in its present state.",
    "InternalServerError": "An internal execution error occurred. Please retry later.",
}


def refused_by_manager(
    fault: Fault, *, method: str, path: str, client_id: str, reads: bool
) -> Response:
    """Return how Resource Manager says no to a call of this client."""
    match fault.kind:
        case FaultKind.THROTTLE:
            return _throttled(fault, reads=reads)
        case FaultKind.DENY:
            principal = PRINCIPALS[client_id]
            action = action_of(method, path)
            return unauthorized(client_id, principal.object_id, action, path).response
        case FaultKind.EXPIRE:
            return token_expired().response
        case _:
            return _failed(fault).response


def refused_by_entra(fault: Fault) -> Response:
    """Return how Entra ID says no to a client that asks for a token."""
    match fault.kind:
        case FaultKind.THROTTLE:
            wait = {"Retry-After": str(math.ceil(fault.seconds) or _WAIT_SECONDS)}
            response = entra_refusal(
                429, "temporarily_unavailable", 90055, "Tenant throttled: too many requests."
            ).response
            response.headers.extend(wait)
            return response
        case FaultKind.DENY:
            message = "Application is disabled by the tenant's administrator."
            return entra_refusal(401, "unauthorized_client", 7000112, message).response
        case FaultKind.EXPIRE:
            message = "The provided client secret keys for app are expired."
            return entra_refusal(401, "invalid_client", 7000222, message).response
        case _:
            message = "The service is temporarily unavailable."
            status, code = fault.status or 503, fault.code or "temporarily_unavailable"
            return entra_refusal(status, code, 90033, message).response


def quota_refusal(location: str, limit: int, used: int, more: int) -> Refused:
    """Return the error to raise when the cores of a location would not be enough."""
    return refusal(
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional"
        f" Cores quota. Additional details - Deployment Model: Resource Manager, Location:"
        f" {location}, Current Limit: {limit}, Current Usage: {used}, Additional Required:"
        f" {more}, (Minimum) New Limit Required: {used + more}. Submit a request for Quota"
        " increase at https://aka.ms/ProdportalCRP.",
    )


def _throttled(fault: Fault, *, reads: bool) -> Response:
    seconds = math.ceil(fault.seconds) or _WAIT_SECONDS
    kind = "reads" if reads else "writes"
    headers = {
        "Retry-After": str(seconds),
        f"x-ms-ratelimit-remaining-subscription-{kind}": "0",
        "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostSubscription;0",
    }
    message = (
        f"Number of '{kind}' requests for the subscription exceeded the limit. Please try again"
        f" after '{seconds}' seconds."
    )
    return reply(error_body(fault.code or "TooManyRequests", message), fault.status or 429, headers)


def _failed(fault: Fault) -> Refused:
    if fault.code == "QuotaExceeded":
        return quota_refusal("westeurope", 10, 10, 2)
    code = fault.code or "InternalServerError"
    status = fault.status or (500 if fault.code is None else 409)
    return refusal(status, code, _MESSAGES.get(code, f"The operation failed: {code}."))


def allocation_message(code: str) -> str:
    """Return what Azure says of an allocation that failed."""
    where = "zone" if code == "ZonalAllocationFailed" else "region"
    return (
        f"Allocation failed. We do not have sufficient capacity for the requested VM size in this"
        f" {where}. Read more about improving likelihood of allocation success at"
        " http://aka.ms/allocation-guidance"
    )
