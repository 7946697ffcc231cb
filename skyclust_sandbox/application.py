"""A sandbox cloud as a WSGI application: what every cloud written here answers alike.

The application reads a call, counts it, lets the cloud look at who calls, lets the faults
strike, and then lets the cloud carry the call out. A cloud brings the rest: its words.
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
from skyclust_sandbox.malformed_replies import OddAnswers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class Call:
    """One call of the cloud's API, as faults see it.

    `action` is the cloud's own name of the operation, `region` is empty for a call that
    belongs to none, `access_key` is whose call it is, in the cloud's own word.
    """

    action: str
    region: str
    access_key: str


class Refused(Exception):
    """The cloud answers a call with an error; `response` is how it says so."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Cloud(Protocol):
    """What a sandbox cloud brings. Any method may raise Refused.

    Calls come from several threads at once; a cloud guards its state by itself.
    """

    def read(self, request: Request) -> Call:
        """Return what is called; raises Refused for what is no call of the cloud's API."""

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused unless the caller is known, and the place exists for him."""

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return a throttle, an error, a denial or an expiry in the cloud's own words."""

    def carry_out(self, request: Request, call: Call) -> Response:
        """Do what is asked and return the cloud's answer."""


class CloudApplication:
    """Answers the calls of one cloud, and the control API under /_sandbox/."""

    def __init__(self, cloud: Cloud, sandbox: Control) -> None:
        self._cloud = cloud
        self._control = sandbox
        self._odd_answers = OddAnswers()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
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
        drops = False
        odd: Fault | None = None
        for fault in self._control.conditions.faults.strikes(
            call.action, call.region, call.access_key
        ):
            if fault.kind is FaultKind.DELAY:
                time.sleep(fault.seconds)
            elif fault.kind is FaultKind.DROP_REPLY:
                drops = True
            elif fault.kind is FaultKind.LAG:
                continue  # a cloud that lags looks for this fault by itself
            elif fault.kind in ANSWERS:
                odd = fault
            else:
                return self._cloud.refuse(call, fault)
        try:
            reply = self._carry_out(request, call)
        except Refused as refused:
            if odd is None:
                raise
            reply = refused.response
        finally:
            if drops:
                drop_connection(request.environ)
        return self._odd_answers.change(reply, odd, call.action, call.region)

    def _carry_out(self, request: Request, call: Call) -> Response:
        try:
            return self._cloud.carry_out(request, call)
        except Refused:
            raise
        except Exception:  # whatever the sandbox stumbles over is the cloud's fault
            traceback.print_exc()
            return self._cloud.refuse(call, Fault(kind=FaultKind.ERROR))
