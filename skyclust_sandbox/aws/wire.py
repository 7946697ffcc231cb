"""What a signed AWS call says about itself, and how AWS words a refusal.

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
    """One signed call: to which service and region, by whom, to do what."""

    service: str
    region: str
    access_key: str
    session_token: str | None
    action: str


@dataclass(frozen=True)
class Refusal:
    """An error reply before it is put into a service's format."""

    code: str
    message: str
    status: int


class Refused(Exception):
    """Raised where a call is carried out, to answer it with a refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def access_key_of(authorization: str) -> str | None:
    """Return the access key id in an Authorization header, None when it is not signed so."""
    found = _CREDENTIAL.search(authorization)
    return found["access_key"] if found else None


def read_call(request: Request) -> Call | None:
    """Return the call that a request makes, None when it is not a signed one."""
    found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if found is None:
        return None
    return Call(
        service=found["service"],
        region=found["region"],
        access_key=found["access_key"],
        session_token=request.headers.get("X-Amz-Security-Token"),
        action=request.values.get("Action", ""),
    )


def refusal_of(fault: Fault, call: Call) -> Refusal:
    """Return how the called service words a fault that refuses the call."""
    words = _EC2_WORDS if call.service == "ec2" else _QUERY_WORDS
    usual = words[fault.kind]
    return Refusal(fault.code or usual.code, usual.message, fault.status or usual.status)


def not_recognised(service: str) -> Refusal:
    """Return the refusal of an access key that the service does not know."""
    if service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", message, 401)
    message = "The security token included in the request is invalid."
    return Refusal("InvalidClientTokenId", message, 403)


def session_expired(service: str) -> Refusal:
    """Return the refusal of a temporary credential whose time is over."""
    return (_EC2_WORDS if service == "ec2" else _QUERY_WORDS)[FaultKind.EXPIRE]


def refusal_reply(service: str, refusal: Refusal) -> Response:
    """Return a refusal in the format of the service: EC2 has one of its own."""
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


_EC2_WORDS: Final = {
    FaultKind.THROTTLE: Refusal("RequestLimitExceeded", "Request limit exceeded.", 503),
    FaultKind.ERROR: Refusal("InternalError", "An internal error has occurred", 500),
    FaultKind.DENY: Refusal(
        "UnauthorizedOperation", "You are not authorized to perform this operation.", 403
    ),
    FaultKind.EXPIRE: Refusal("RequestExpired", "Request has expired.", 400),
}

_QUERY_WORDS: Final = {
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
