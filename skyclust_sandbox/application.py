"""The WSGI application that sandbox clouds share: calls, faults and the control API.

For each request the application reads the call, counts it, lets the cloud check the caller,
applies the faults, and lets the cloud carry out the call. The cloud implements `Cloud`.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from werkzeug.wrappers import Request, Response

from skyclust_sandbox import control
from skyclust_sandbox.control import Control
from skyclust_sandbox.faults import ANSWERS, Fault, FaultKind
from skyclust_sandbox.http_server import drop_connection
from skyclust_sandbox.malformed_replies import MalformedReplies

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class Call:
    """One call of the cloud's API, as faults match it.

    `action` is the operation's name in the cloud's API, `region` is empty for calls without a
    region, `access_key` names the caller as the cloud does.
    """

    action: str
    region: str
    access_key: str


class Refused(Exception):
    """The cloud refuses a call; `response` is the error reply."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Cloud(Protocol):
    """The interface of a sandbox cloud. Any method may raise Refused.

    Calls come from several threads at once; the cloud synchronises access to its state.
    """

    def read(self, request: Request) -> Call:
        """Return the call; raises Refused when the request is not a call of the cloud's API."""

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused unless the caller is authenticated and the region or scope exists."""

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return the cloud's reply for a throttle, an error, a denial or an expired credential."""

    def carry_out(self, request: Request, call: Call) -> Response:
        """Carry out the call and return the reply."""


class CloudApplication:
    """Serve the API of one cloud, and the control API under /_sandbox/."""

    def __init__(self, cloud: Cloud, sandbox: Control) -> None:
        self._cloud = cloud
        self._control = sandbox
        self._malformed_replies = MalformedReplies()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Reply to one request."""
        request = Request(environ)
        if request.path.startswith(control.PREFIX):
            return control.answer(self._control, request)(environ, start_response)
        try:
            response = self._answer(request)
        except Refused as refused:
            response = refused.response
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        call = self._cloud.read(request)
        self._control.calls.count(call.action)
        self._cloud.admit(request, call)
        drops_reply = False
        malformed: Fault | None = None
        for fault in self._control.conditions.faults.strikes(
            call.action, call.region, call.access_key
        ):
            if fault.kind is FaultKind.DELAY:
                time.sleep(fault.seconds)
            elif fault.kind is FaultKind.DROP_REPLY:
                drops_reply = True
            elif fault.kind is FaultKind.LAG:
                continue  # a cloud with eventually consistent lists evaluates this fault itself
            elif fault.kind in ANSWERS:
                malformed = fault
            else:
                return self._cloud.refuse(call, fault)
        try:
            reply = self._carry_out(request, call)
        except Refused as refused:
            if malformed is None:
                raise
            reply = refused.response
        finally:
            if drops_reply:
                drop_connection(request.environ)
        return self._malformed_replies.change(reply, malformed, call.action, call.region)

    def _carry_out(self, request: Request, call: Call) -> Response:
        try:
            return self._cloud.carry_out(request, call)
        except Refused:
            raise
        except Exception:  # a bug of the sandbox is an internal error of its cloud
            traceback.print_exc()
            return self._cloud.refuse(call, Fault(kind=FaultKind.ERROR))
