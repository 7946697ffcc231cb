"""The sandbox AWS as a WSGI application: authentication, faults, and dispatch to a service."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from botocore.model import OperationNotFoundError
from moto.core.request import Request as MotoRequest
from moto.core.responses import BaseResponse
from werkzeug.wrappers import Response

from skyclust_sandbox import control, malformed_replies
from skyclust_sandbox.aws import buckets, cloudwatch, cost_explorer, price_list
from skyclust_sandbox.aws.accounts import account_of
from skyclust_sandbox.aws.cloud import AwsCloud, put_cloud
from skyclust_sandbox.aws.ec2 import SandboxEc2
from skyclust_sandbox.aws.eventual_consistency import LAG
from skyclust_sandbox.aws.identity import SandboxIam, SandboxSts
from skyclust_sandbox.aws.load_balancers import SandboxElb, SandboxElbV2
from skyclust_sandbox.aws.malformed_replies import MalformedReplies
from skyclust_sandbox.aws.regions import ENABLED_REGIONS
from skyclust_sandbox.aws.wire import (
    JSON_SERVICES,
    Call,
    Refusal,
    Refused,
    not_recognised,
    read_call,
    refusal_of,
    refusal_reply,
)
from skyclust_sandbox.control import Control
from skyclust_sandbox.faults import ANSWERS, Fault, FaultKind
from skyclust_sandbox.http_server import drop_connection

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICES: Final[dict[tuple[str, str], type[BaseResponse]]] = {
    ("ec2", "2016-11-15"): SandboxEc2,
    ("elasticloadbalancing", "2012-06-01"): SandboxElb,
    ("elasticloadbalancing", "2015-12-01"): SandboxElbV2,
    ("iam", "2010-05-08"): SandboxIam,
    ("sts", "2011-06-15"): SandboxSts,
}
"""The services, by the name in the signature and the version of the API."""


class _Request(MotoRequest):
    from_wsgi_server = True


class AwsApplication:
    """Answers AWS calls, and the control API under /_sandbox/."""

    def __init__(self, cloud: AwsCloud, sandbox: Control) -> None:
        self._cloud = cloud
        self._control = sandbox
        self._malformed_replies = MalformedReplies()
        self._malformed_json = malformed_replies.MalformedReplies()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = _Request(environ)
        if request.path.startswith(control.PREFIX):
            return control.answer(self._control, request)(environ, start_response)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: _Request) -> Response:
        call = read_call(request)
        if call is None:
            missing = "Request is missing Authentication Token"
            return refusal_reply("ec2", Refusal("MissingAuthenticationToken", missing, 403))
        self._control.calls.count(call.action)
        with self._cloud.lock:
            account = account_of(call)
        if isinstance(account, Refusal):
            return refusal_reply(call.service, account)
        if call.region not in ENABLED_REGIONS:
            return refusal_reply(call.service, not_recognised(call.service))
        drops = False
        malformed: Fault | None = None
        for fault in self._control.conditions.faults.strikes(
            call.action, call.region, call.access_key
        ):
            if fault.kind is FaultKind.DELAY:
                time.sleep(fault.seconds)
            elif fault.kind is FaultKind.DROP_REPLY:
                drops = True
            elif fault.kind is FaultKind.LAG:
                request.environ[LAG] = fault.seconds
            elif fault.kind in ANSWERS:
                malformed = fault
            else:
                return refusal_reply(call.service, refusal_of(fault, call))
        reply = self._execute(request, call, account)
        if drops:
            drop_connection(request.environ)
        if call.service not in JSON_SERVICES:
            return self._malformed_replies.change(reply, malformed, call.action, call.region)
        changed = self._malformed_json.change(reply, malformed, call.action, call.region)
        if malformed is not None and malformed.kind is not FaultKind.HTML:
            changed.headers["x-amzn-RequestId"] = reply.headers["x-amzn-RequestId"]
        return changed

    def _execute(self, request: _Request, call: Call, account: str) -> Response:
        """Execute the call; an action that the sandbox does not have is refused as AWS would."""
        request.environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
        put_cloud(request.environ, self._cloud)
        try:
            with self._cloud.lock:
                return self._dispatch(request, call, account)
        except Refused as refused:
            return refusal_reply(call.service, refused.refusal)
        except (NotImplementedError, OperationNotFoundError):
            message = f"The action {call.action} is not valid for this web service."
            return refusal_reply(call.service, Refusal("InvalidAction", message, 400))
        except Exception:  # an exception of moto is an internal error of the cloud
            traceback.print_exc()
            failed = Refusal("InternalError", "An internal error has occurred", 500)
            return refusal_reply(call.service, failed)

    def _dispatch(self, request: _Request, call: Call, account: str) -> Response:
        if call.service == "ce":
            return cost_explorer.answer(self._cloud, account, call.action, request.get_data())
        if call.service == "pricing":
            body = request.get_data()
            return price_list.answer(self._cloud, account, call.region, call.action, body)
        if call.service == "monitoring":
            self._cloud.create_region(account, call.region)
            return cloudwatch.answer(self._cloud, account, call, request.get_data())
        if call.service == "s3":
            status, headers, body = buckets.dispatch(self._cloud, request, account)
        else:
            service = SERVICES.get((call.service, request.values.get("Version", "")))
            if service is None:
                message = f"The sandbox has no service {call.service} of this version."
                raise Refused(Refusal("InvalidAction", message, 400))
            if call.service in {"ec2", "elasticloadbalancing"}:
                self._cloud.create_region(account, call.region)
            status, headers, body = service.dispatch(request)
        reply_headers = {name: value for name, value in headers.items() if name.lower() != "status"}
        return Response(body, status=status, headers=reply_headers)
