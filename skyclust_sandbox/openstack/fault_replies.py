"""The replies of faults, in the error format of each service."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.application import Refused
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.openstack.context import OpenStackCall
from skyclust_sandbox.openstack.tokens import UNAUTHENTICATED
from skyclust_sandbox.openstack.wire import refused

OUTCOMES: Final = {
    "NoValidHost": (500, "No valid host was found. There are not enough hosts available."),
    "MaxRetriesExceeded": (
        500,
        "Exceeded maximum number of retries. Exhausted all hosts available for retrying build"
        " failures for instance {id}.",
    ),
    "VolumeLimitExceeded": (
        413,
        "Build of instance {id} aborted: VolumeLimitExceeded: Maximum number of volumes allowed"
        " (10) exceeded for quota 'volumes'.",
    ),
    "BuildAborted": (
        500,
        "Build of instance {id} aborted: Volume did not finish being created even after we waited"
        " 187 seconds or 61 attempts. And its status is error.",
    ),
    "Failed": (500, "Unexpected vif_type=binding_failed"),
    "Slow": (0, ""),
    "CellDown": (0, ""),
}
"""Faults of the asynchronous work, not of the call: by code, the `fault` of the server.

The call is accepted and its work ends with this fault; `seconds` prolong it. `Slow` prolongs the
work and lets it succeed. `CellDown` applies to lists of servers: one zone is in a cell of nova
that does not reply. Work of cinder and glance ends in the status `error` or `killed`.
"""

_QUOTA: Final = {
    "compute": (
        403,
        "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances",
    ),
    "block-storage": (
        413,
        "VolumeLimitExceeded: Maximum number of volumes allowed (10) exceeded for quota 'volumes'.",
    ),
    "network": (409, "Quota exceeded for resources: ['port']."),
}

_SERVER_ERRORS: Final = {
    "identity": "An unexpected error prevented the server from fulfilling your request.",
    "compute": "Unexpected API Error. Please report this at http://bugs.launchpad.net/nova/ and"
    " attach the Nova API log if possible.\n<class 'oslo_db.exception.DBConnectionError'>",
    "network": "Request Failed: internal server error while processing your request.",
}

_POLICY_ROOTS: Final = {"compute": "os_compute_api:", "block-storage": "volume:"}


def fault_refusal(call: OpenStackCall, fault: Fault) -> Refused:
    """Return the refusal that a fault stands for.

    Its code and status replace the defaults of its kind.
    """
    service, code = call.service, fault.code or ""
    if code == "QuotaExceeded":
        status, message = _QUOTA.get(service, (403, "Quota exceeded."))
        return refused(service, status, message, code="OverQuota" if service == "network" else "")
    if fault.kind is FaultKind.THROTTLE or code == "overLimit":
        return _throttled(service, fault)
    if fault.kind is FaultKind.EXPIRE:
        return refused(service, fault.status or 401, UNAUTHENTICATED)
    if fault.kind is FaultKind.DENY:
        return refused(service, fault.status or 403, _denial(call), code=code)
    status = fault.status or 500
    message = _SERVER_ERRORS.get(service, "The server has either erred or is incapable.")
    return refused(service, status, f"{code}: {message}" if code else message, code=code)


def _throttled(service: str, fault: Fault) -> Refused:
    """Return a rate limit reply: 429, or for the code `overLimit` the 413 of nova's old limits.

    Source: https://docs.openstack.org/api-guide/compute/limits.html
    """
    old = fault.code == "overLimit"
    status = fault.status or (413 if old else 429)
    return refused(service, status, "This request was rate-limited.", retry_after=fault.seconds)


def _denial(call: OpenStackCall) -> str:
    action = call.action.removeprefix(f"{call.service}.").replace(".", ":")
    if call.service == "identity":
        return f"You are not authorized to perform the requested action: identity:{action}."
    if call.service == "network":
        return f"rule:{action} is disallowed by policy"
    if call.service == "image":
        return "You are not authorized to complete this action."
    rule = f"{_POLICY_ROOTS.get(call.service, '')}{action}"
    return f"Policy doesn't allow {rule} to be performed."
