"""The sandbox OpenStack: its state, and the dispatch of calls to its services."""

from __future__ import annotations

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.openstack.cloud_state import CloudState
from skyclust_sandbox.openstack.context import Context, OpenStackCall, read_json
from skyclust_sandbox.openstack.fault_replies import OUTCOMES, fault_refusal
from skyclust_sandbox.openstack.microversions import negotiate, with_microversion
from skyclust_sandbox.openstack.regions import make_regions
from skyclust_sandbox.openstack.routes import MAP
from skyclust_sandbox.openstack.tokens import UNAUTHENTICATED, Token, claimed_user
from skyclust_sandbox.openstack.wire import refused
from skyclust_sandbox.seeds import Seed


class OpenStackCloud(CloudState):
    """The whole cloud: its state, and how a call is admitted and carried out."""

    def restart(self, seed: Seed) -> None:
        """Replace the state with that of a seed and revoke all tokens."""
        with self.lock:
            self.timers.clear()
            self.tokens.clear()
            self.regions = make_regions(seed, self.settings.bulk)

    def read(self, request: Request) -> OpenStackCall:
        """Return the operation that the request calls, with the caller's token and microversion."""
        try:
            endpoint, arguments = MAP.bind_to_environ(request.environ).match()
        except MethodNotAllowed as error:
            message = "The method specified is not allowed for this resource."
            raise refused(_service_of(request.path), 405, message) from error
        except HTTPException as error:
            message = "The resource could not be found."
            raise refused(_service_of(request.path), 404, message) from error
        service, route = endpoint
        if service in self.settings.without:
            raise refused(service, 404, "The resource could not be found.")
        with self.lock:
            token = self.tokens.find(request.headers.get("X-Auth-Token", ""))
        action = route.action
        if action.endswith("*"):
            action = f"{action[:-1]}{_verb(request)}"
        user = claimed_user(read_json(request)) if action == "tokens.create" else _name(token)
        return OpenStackCall(
            action=f"{service}.{action}",
            region=arguments.get("region", ""),
            access_key=user,
            request=request,
            service=service,
            route=route,
            arguments=arguments,
            token=token,
            microversion=negotiate(service, request),
        )

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused unless the token is valid and its roles permit the call."""
        openstack_call = _openstack_call(call)
        if openstack_call.route.open:
            return
        if openstack_call.token is None:
            raise refused(openstack_call.service, 401, UNAUTHENTICATED)
        if openstack_call.service == "identity":
            return
        if openstack_call.token.project is None:
            raise refused(openstack_call.service, 403, "The token is not scoped to a project.")
        own = openstack_call.arguments.get("project", openstack_call.token.project.id)
        if own != openstack_call.token.project.id:
            raise refused(openstack_call.service, 400, "Malformed request url")
        if request.method not in {"GET", "HEAD"} and "member" not in openstack_call.token.roles:
            raise fault_refusal(openstack_call, Fault(kind=FaultKind.DENY))

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return the error reply of a fault.

        A fault with a code of OUTCOMES accepts the call instead.
        """
        openstack_call = _openstack_call(call)
        if fault.code in OUTCOMES:
            context = Context(self, openstack_call, outcome=fault.code, delay=fault.seconds)
            return self._work(context)
        return with_microversion(openstack_call, fault_refusal(openstack_call, fault).response)

    def carry_out(self, request: Request, call: Call) -> Response:
        """Carry out the call and return the reply."""
        del request
        return self._work(Context(self, _openstack_call(call)))

    def _work(self, context: Context) -> Response:
        with self.lock:
            self.timers.run_due()
            return with_microversion(context.call, context.call.route.handler(context))


def _openstack_call(call: Call) -> OpenStackCall:
    if not isinstance(call, OpenStackCall):
        raise TypeError(f"{call!r} was not read by this cloud.")
    return call


def _service_of(path: str) -> str:
    for service, prefix in (
        ("identity", "/identity"),
        ("image", "/image"),
        ("network", "/network"),
        ("load-balancer", "/load-balancer"),
        ("rating", "/rating"),
    ):
        if f"{prefix}/" in f"{path}/":
            return service
    return "compute"


def _verb(request: Request) -> str:
    content = read_json(request)
    verb = next(iter(content), "") if isinstance(content, dict) else ""
    return str(verb).removeprefix("os-")


def _name(token: Token | None) -> str:
    return "" if token is None else token.user.name
