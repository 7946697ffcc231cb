"""Injected faults as error responses of Azure, and the errors of capacity and quota.

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
from skyclust_sandbox.azure.authorization import (
    authorization_error,
    expired_token_error,
    required_action,
)
from skyclust_sandbox.azure.entra.endpoints import entra_error
from skyclust_sandbox.azure.query_units import throttled_response
from skyclust_sandbox.azure.responses import arm_error, error_body, json_response
from skyclust_sandbox.azure.tenants import PRINCIPALS
from skyclust_sandbox.faults import Fault, FaultKind

ALLOCATION_FAILURES: Final = frozenset(
    {"AllocationFailed", "ZonalAllocationFailed", "OverconstrainedAllocationRequest"}
)
"""Errors that Azure reports only after it has accepted the request."""

_RETRY_AFTER_SECONDS: Final = 1

_MESSAGES: Final = {
    "SkuNotAvailable": "The requested VM size for resource is currently not available in the"
    " location. Please try another size or deploy to a different location or different zone.",
    "AnotherOperationInProgress": "Another operation on this or dependent resource is in progress.",
    "Conflict": "The request failed due to conflict with a concurrent request.",
    "OperationNotAllowed": "The operation is not allowed on the resource in its present state.",
    "InternalServerError": "An internal execution error occurred. Please retry later.",
}


def arm_fault_response(
    fault: Fault, *, method: str, path: str, client_id: str, reads: bool
) -> Response:
    """Return the Resource Manager error response for a fault in this client's request."""
    match fault.kind:
        case FaultKind.THROTTLE if "/providers/microsoft.costmanagement/" in path.lower():
            return throttled_response(fault.seconds, fault.code or "qpu")
        case FaultKind.THROTTLE:
            return _throttled_response(fault, reads=reads)
        case FaultKind.DENY:
            principal = PRINCIPALS[client_id]
            action = required_action(method, path)
            return authorization_error(client_id, principal.object_id, action, path).response
        case FaultKind.EXPIRE:
            return expired_token_error().response
        case _:
            return _injected_error(fault).response


def entra_fault_response(fault: Fault) -> Response:
    """Return the Entra ID error response for a fault in a token request."""
    match fault.kind:
        case FaultKind.THROTTLE:
            headers = {"Retry-After": str(math.ceil(fault.seconds) or _RETRY_AFTER_SECONDS)}
            response = entra_error(
                429, "temporarily_unavailable", 90055, "Tenant throttled: too many requests."
            ).response
            response.headers.extend(headers)
            return response
        case FaultKind.DENY:
            message = "Application is disabled by the tenant's administrator."
            return entra_error(401, "unauthorized_client", 7000112, message).response
        case FaultKind.EXPIRE:
            message = "The provided client secret keys for app are expired."
            return entra_error(401, "invalid_client", 7000222, message).response
        case _:
            message = "The service is temporarily unavailable."
            status, code = fault.status or 503, fault.code or "temporarily_unavailable"
            return entra_error(status, code, 90033, message).response


def price_fault_response(fault: Fault) -> Response:
    """Return the error response of the price list, which is public: nobody is denied."""
    if fault.kind is FaultKind.THROTTLE:
        headers = {"Retry-After": str(math.ceil(fault.seconds) or _RETRY_AFTER_SECONDS)}
        body = error_body(fault.code or "TooManyRequests", "Too many requests.")
        return json_response(body, fault.status or 429, headers)
    body = error_body(fault.code or "ServiceUnavailable", "The price list is not available.")
    return json_response(body, fault.status or 503)


def quota_error(location: str, limit: int, used: int, required: int) -> Refused:
    """Return the error to raise when the vCPU quota of a location would be exceeded."""
    return arm_error(
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional"
        f" Cores quota. Additional details - Deployment Model: Resource Manager, Location:"
        f" {location}, Current Limit: {limit}, Current Usage: {used}, Additional Required:"
        f" {required}, (Minimum) New Limit Required: {used + required}. Submit a request for Quota"
        " increase at https://aka.ms/ProdportalCRP.",
    )


def _throttled_response(fault: Fault, *, reads: bool) -> Response:
    seconds = math.ceil(fault.seconds) or _RETRY_AFTER_SECONDS
    operations = "reads" if reads else "writes"
    headers = {
        "Retry-After": str(seconds),
        f"x-ms-ratelimit-remaining-subscription-{operations}": "0",
        "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/HighCostSubscription;0",
    }
    message = (
        f"Number of '{operations}' requests for the subscription exceeded the limit. Please try"
        f" again after '{seconds}' seconds."
    )
    return json_response(
        error_body(fault.code or "TooManyRequests", message), fault.status or 429, headers
    )


def _injected_error(fault: Fault) -> Refused:
    if fault.code == "QuotaExceeded":
        return quota_error("westeurope", 10, 10, 2)
    code = fault.code or "InternalServerError"
    status = fault.status or (500 if fault.code is None else 409)
    return arm_error(status, code, _MESSAGES.get(code, f"The operation failed: {code}."))


def allocation_message(code: str) -> str:
    """Return Azure's message for an allocation that failed."""
    where = "zone" if code == "ZonalAllocationFailed" else "region"
    return (
        f"Allocation failed. We do not have sufficient capacity for the requested VM size in this"
        f" {where}. Read more about improving likelihood of allocation success at"
        " http://aka.ms/allocation-guidance"
    )
