"""Parsing signed AWS calls, and the format of error replies.

Sources: the Authorization header of Signature Version 4
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
EC2 error codes (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html),
common errors of the query services
(https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html).
"""

from __future__ import annotations

import json
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

JSON_SERVICES: Final = frozenset({"ce", "monitoring", "pricing"})
"""The services that answer in JSON, by their names in the signature."""


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
        action=_action(request, match["service"]),
    )


def _action(request: Request, service: str) -> str:
    """Return the operation: of a JSON service in a header, of S3 in method and path."""
    if service == "s3":
        return action_of(request)
    target = request.headers.get("X-Amz-Target")
    return target.rpartition(".")[2] if target else request.values.get("Action", "")


def action_of(request: Request) -> str:
    """Return the operation that a request on a bucket calls, as far as the sandbox needs it."""
    _, _, key = request.path.lstrip("/").partition("/")
    if key:
        return f"{request.method.title()}Object"
    if not request.path.strip("/"):
        return "ListBuckets"
    return "ListObjectsV2" if request.args.get("list-type") == "2" else "GetBucket"


def refusal_of(fault: Fault, call: Call) -> Refusal:
    """Return the error reply of the called service for a fault."""
    default = _REFUSALS.get(call.service, _QUERY_REFUSALS)[fault.kind]
    return Refusal(fault.code or default.code, default.message, fault.status or default.status)


def not_recognised(service: str) -> Refusal:
    """Return the refusal of an unknown access key."""
    if service == "ec2":
        message = "AWS was not able to validate the provided access credentials"
        return Refusal("AuthFailure", message, 401)
    if service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return Refusal("InvalidAccessKeyId", message, 403)
    message = "The security token included in the request is invalid."
    if service in JSON_SERVICES:
        return Refusal("UnrecognizedClientException", message, 400)
    return Refusal("InvalidClientTokenId", message, 403)


def session_expired(service: str) -> Refusal:
    """Return the refusal of an expired temporary credential."""
    return _REFUSALS.get(service, _QUERY_REFUSALS)[FaultKind.EXPIRE]


def refusal_reply(service: str, refusal: Refusal) -> Response:
    """Return a refusal in the format of the service."""
    code, message, request_id = escape(refusal.code), escape(refusal.message), uuid.uuid4()
    if service in JSON_SERVICES:
        content = {"__type": refusal.code, "message": refusal.message}
        reply = json_reply(content, refusal.status)
        if service == "monitoring":
            # https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
            at_fault = "Sender" if refusal.status < 500 else "Receiver"
            reply.headers["x-amzn-query-error"] = f"{refusal.code};{at_fault}"
        return reply
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if service == "ec2":
        body = (
            f"<Response><Errors><Error>{error}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif service == "s3":
        body = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        at_fault = "Sender" if refusal.status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{at_fault}</Type>{error}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return Response(head + body, status=refusal.status, mimetype="text/xml")


def json_reply(content: object, status: int = 200, version: str = "1.1") -> Response:
    """Return a reply of a service with JSON replies, with its request id."""
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    body = json.dumps(content)
    return Response(
        body, status=status, headers=headers, mimetype=f"application/x-amz-json-{version}"
    )


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

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_S3_REFUSALS: Final = {
    FaultKind.THROTTLE: Refusal("SlowDown", "Please reduce your request rate.", 503),
    FaultKind.ERROR: Refusal("InternalError", "We encountered an internal error.", 500),
    FaultKind.DENY: Refusal("AccessDenied", "Access Denied", 403),
    FaultKind.EXPIRE: Refusal("ExpiredToken", "The provided token has expired.", 400),
}

# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/CommonErrors.html
_COST_EXPLORER_REFUSALS: Final = {
    FaultKind.THROTTLE: Refusal("LimitExceededException", "Rate limit exceeded", 400),
    FaultKind.ERROR: Refusal("InternalFailure", "The request processing has failed.", 500),
    FaultKind.DENY: Refusal("AccessDeniedException", "User is not authorized to do this.", 400),
    FaultKind.EXPIRE: Refusal("ExpiredTokenException", "The security token has expired", 400),
}

# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
_PRICE_LIST_REFUSALS: Final = {
    **_COST_EXPLORER_REFUSALS,
    FaultKind.THROTTLE: Refusal("ThrottlingException", "Rate exceeded", 400),
    FaultKind.ERROR: Refusal("InternalErrorException", "An internal error has occurred", 500),
}

_REFUSALS: Final = {
    "ec2": _EC2_REFUSALS,
    "s3": _S3_REFUSALS,
    "ce": _COST_EXPLORER_REFUSALS,
    "pricing": _PRICE_LIST_REFUSALS,
}
