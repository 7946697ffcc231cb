"""The sandbox GCP: parses API calls, authorizes them, and runs their handlers."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.gcp import (
    authorization,
    billing_catalog,
    fault_responses,
    handlers,
    resource_manager,
)
from skyclust_sandbox.gcp.api_calls import GcpCall, parse_call
from skyclust_sandbox.gcp.bigquery.methods import BigQueryService, require_project
from skyclust_sandbox.gcp.bigquery.warehouse import Warehouse
from skyclust_sandbox.gcp.estate_builder import build_estate
from skyclust_sandbox.gcp.identity import (
    MAIN_PROJECT,
    OTHER_PROJECT,
    AuthenticationError,
    ServiceAccount,
    TokenIssuer,
)
from skyclust_sandbox.gcp.lists import list_aggregated, list_scope
from skyclust_sandbox.gcp.locations import region_of_scope
from skyclust_sandbox.gcp.networks import add_default_network
from skyclust_sandbox.gcp.operations import earlier_operation, operations_in
from skyclust_sandbox.gcp.partial_response import select_fields
from skyclust_sandbox.gcp.public_images import add_public_images
from skyclust_sandbox.gcp.request_context import OperationFailure, RequestContext
from skyclust_sandbox.gcp.responses import Resource, json_response, refused
from skyclust_sandbox.gcp.state import Project, State
from skyclust_sandbox.http_server import drop_connection
from skyclust_sandbox.seeds import Seed

PROJECT_NUMBERS: Final = {
    MAIN_PROJECT: "415926535897",
    OTHER_PROJECT: "718281828459",
    "debian-cloud": "161803398874",
    "ubuntu-os-cloud": "141421356237",
}
"""The projects of the sandbox, each with its number."""

_WAIT_TIMEOUT: Final = 120.0  # seconds; the documented limit of the method `wait`


@dataclass
class GcpCloud:
    """A Google Cloud with its state. `lock` is held while a handler reads or changes the state."""

    transition_seconds: float
    conditions: Conditions
    tokens: TokenIssuer = field(default_factory=lambda: TokenIssuer(secrets.token_bytes(32)))
    lock: threading.RLock = field(default_factory=threading.RLock)
    bigquery: BigQueryService = field(init=False)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.bigquery = BigQueryService(Warehouse(self.conditions.billing))
        self.restart(Seed.EMPTY)

    def restart(self, seed: Seed) -> None:
        """Replace the state by that of a seed."""
        state = State(self.transition_seconds)
        now = datetime.now(UTC)
        for name, number in PROJECT_NUMBERS.items():
            state.projects[name] = Project(name, number, now - timedelta(days=1500))
        add_public_images(state)
        for name in (MAIN_PROJECT, OTHER_PROJECT):
            add_default_network(state, state.projects[name])
        if seed is Seed.ESTATE:
            build_estate(state, state.projects[MAIN_PROJECT])
        with self.lock:
            self.state = state
            self.bigquery.restart()
            self.bigquery.warehouse.restart(
                state.projects[MAIN_PROJECT], seeded=seed is Seed.ESTATE
            )
            self.tokens.expired_before = 0.0

    def read(self, request: Request) -> Call:
        """Return the API call of a request; raises Refused with 404 when no method matches."""
        return parse_call(request, self._caller(request))

    def admit(self, request: Request, call: Call) -> None:
        """Raise Refused for an unauthenticated, malformed or unauthorized call."""
        authorization.require_token(request, self.tokens)
        gcp = _gcp(call)
        gcp.validate()
        if gcp.api == "compute.v1":
            project = self.state.projects.get(gcp.project)
            authorization.require_permission(gcp, project_exists=project is not None)
        if gcp.api == "bigquery.v2":
            require_project(gcp)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return the response to a call that a fault applies to.

        With the error code of an operation (in capitals), a call that makes a change is accepted
        and its operation fails.
        """
        gcp = _gcp(call)
        code = fault.code or ""
        if fault.kind is FaultKind.ERROR and code.isupper() and gcp.returns_operation:
            return self._response(gcp, fault_responses.operation_failure(gcp, fault))
        return fault_responses.fault_response(gcp, fault)

    def carry_out(self, request: Request, call: Call) -> Response:
        """Return the response to an admitted call, after the faults that name its zone."""
        gcp = _gcp(call)
        for fault in self._faults_at(gcp, gcp.path.get("zone", "")):
            if fault.kind is FaultKind.DELAY:
                time.sleep(fault.seconds)
            elif fault.kind is FaultKind.DROP_REPLY:
                self._response(gcp, None)
                drop_connection(request.environ)
            else:
                return self.refuse(gcp, fault)
        return self._response(gcp, None)

    def current_state(self) -> State:
        """Return the state after all changes that are due; the caller holds the lock."""
        self.state.run_due()
        return self.state

    def _response(self, call: GcpCall, failure: OperationFailure | None) -> Response:
        if call.api == "bigquery.v2":
            with self.lock:
                answer = self.bigquery.answer(call, self.conditions.largest_page)
                return json_response(select_fields(answer, call.query.get("fields", "")))
        if call.api == "cloudbilling.v1":
            answer = billing_catalog.answer(call, self.conditions.largest_page)
            return json_response(select_fields(answer, call.query.get("fields", "")))
        if call.api != "compute.v1":
            with self.lock:
                return json_response(resource_manager.answer(self.current_state(), call))
        if call.method.action == "wait":
            self._wait(call)
        with self.lock:
            content = self._handle(call, failure)
            # Encoded under the lock, because the content is part of the state.
            return json_response(select_fields(content, call.query.get("fields", "")))

    def _handle(self, call: GcpCall, failure: OperationFailure | None) -> Resource:
        """Run the handler of a Compute Engine method and return the response's content."""
        state = self.current_state()
        context = RequestContext(
            state,
            state.projects[call.project],
            call.caller,
            call.method,
            call.path,
            call.query,
            call.normalised_body(),
            call.scope,
            failure,
        )
        call.require_location()
        earlier = earlier_operation(context)
        if earlier is not None:
            return earlier
        handler = handlers.HANDLERS.get(call.method.id)
        if handler is not None:
            return handler(context)
        collection = handlers.collection_of(call.method.collection)
        operation = handlers.change_generic_resource(context, collection)
        if operation is not None:
            return operation
        return self._read(context, call, collection)

    def _read(self, context: RequestContext, call: GcpCall, collection: str) -> Resource:
        """Return the response of a method that gets or lists the resources of a collection."""
        largest_page = self.conditions.largest_page
        if collection in handlers.SCOPES:
            match context.method.action:
                case "get" | "wait":
                    return handlers.get(context, collection)
                case "list":
                    resources = handlers.list_in_scope(context, collection)
                    return list_scope(context, resources, largest_page)
                case "aggregatedList":
                    scopes = handlers.list_by_scope(context, collection)
                    unreachable = {scope for scope in scopes if self._is_unreachable(call, scope)}
                    return list_aggregated(context, collection, scopes, largest_page, unreachable)
        message = f"The sandbox has no method {context.method.id}."
        raise refused(501, "notImplemented", message, from_front_end=True)

    def _is_unreachable(self, call: GcpCall, scope: str) -> bool:
        """Return whether a fault makes a scope of an aggregated list unreachable."""
        names = {region_of_scope(scope), scope.partition("/")[2]} - {""}
        return any(
            fault.kind is not FaultKind.DELAY
            for name in sorted(names)
            for fault in self._faults_at(call, name)
        )

    def _faults_at(self, call: GcpCall, location: str) -> list[Fault]:
        """Return the faults that apply to a call and name this very region or zone."""
        faults = self.conditions.faults
        if not any(
            standing.fault.region == location and fnmatchcase(call.action, standing.fault.action)
            for standing in faults.standing()
            if location
        ):
            return []
        return faults.strikes(call.action, location, call.access_key)

    def _wait(self, call: GcpCall) -> None:
        """Wait until an operation is done, at most for the documented two minutes."""
        deadline = time.monotonic() + _WAIT_TIMEOUT
        while time.monotonic() < deadline:
            with self.lock:
                project = self.current_state().projects[call.project]
                operation = operations_in(project, call.scope).get(call.path["operation"])
                if operation is None or operation["status"] == "DONE":
                    return
            time.sleep(0.01)

    def _caller(self, request: Request) -> ServiceAccount | None:
        try:
            return authorization.authenticate(request, self.tokens)
        except AuthenticationError:
            return None


def _gcp(call: Call) -> GcpCall:
    if not isinstance(call, GcpCall):
        raise TypeError(f"{call!r} is not a GcpCall.")
    return call
