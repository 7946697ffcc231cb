"""Parsing signed AWS calls, and the format of error replies.

Sources: the Authorization header of Signature Version 4
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
EC2 error codes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html),
common errors of the query services
(https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.faults import Fault, FaultKind

_CREDENTIAL: Final = re.compile(
    r"AWS4-HMAC-SHA256 .*?Credential=(?P<access_key>[^/]+)/\d{8}"
    r"/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)


@dataclass(frozen=True)
class Call:
    """One signed call: its service, region, caller and action."""

    service: str
    region: str
    access_key: str
    session_token: str | None
    action: str


@dataclass(frozen=True)
class Refusal:
    """An error reply, independent of the format of a service."""

    code: str
    message: str
    status: int


class Refused(Exception):
    """Raised during a call to reply with an error."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def access_key_of(authorization: str) -> str | None:
    """Return the access key id in an Authorization header; None without a signature."""
    match = _CREDENTIAL.search(authorization)
    return match["access_key"] if match else None


def read_call(request: Request) -> Call | None:
    """Return the call of a request; None when the request is not signed."""
    match = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if match is None:
        return None
    return Call(
        service=match["service"],
        region=match["region"],
        access_key=match["access_key"],
        session_token=request.headers.get("X-Amz-Security-Token"),
        action=request.values.get("Action", ""),
    )


def refusal_of(fault: Fault, call: Call) -> Refusal:
    """Return the error reply of the called service for a fault."""
    refusals = _EC2_REFUSALS if call.service == "ec2" else _QUERY_REFUSALS
    default = refusals[fault.kind]
    return Refusal(fault.code or default.code, default.message, fault.status or default.status)


def not_recognised(service: str) -> Refusal:
    """Return the refusal of an unknown access key."""
    if service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", message, 401)
    message = "The security token included in the request is invalid."
    return Refusal("InvalidClientTokenId", message, 403)


def session_expired(service: str) -> Refusal:
    """Return the refusal of an expired temporary credential."""
    return (_EC2_REFUSALS if service == "ec2" else _QUERY_REFUSALS)[FaultKind.EXPIRE]


def refusal_reply(service: str, refusal: Refusal) -> Response:
    """Return a refusal in the format of the service; EC2 has its own format."""
    code, message, request_id = escape(refusal.code), escape(refusal.message), uuid.uuid4()
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if service == "ec2":
        body = (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        at_fault = "Sender" if refusal.status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{at_fault}</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Response(head + body, status=refusal.status, mimetype="text/xml")


_EC2_REFUSALS: Final = {
    FaultKind.THROTTLE: Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    FaultKind.ERROR: Refusal("InternalError", "An internal error has occurred", 500),
    FaultKind.DENY: Refusal(
        "UnauthorizedOperation", "You are not authorized to perform this operation.", 403
    ),
    FaultKind.EXPIRE: Refusal("RequestExpired", "Request has expired.", 400),
}

_QUERY_REFUSALS: Final = {
    FaultKind.THROTTLE: Refusal("Throttling", "Rate exceeded", 400),
    FaultKind.ERROR: Refusal(
        "ServiceUnavailable", "The request has failed due to a temporary failure.", 503
    ),
    FaultKind.DENY: Refusal(
        "AccessDenied", "User is not authorized to perform this operation.", 403
    ),
    FaultKind.EXPIRE: Refusal(
        "ExpiredToken", "The security token included in the request is expired", 403
    ),
}
