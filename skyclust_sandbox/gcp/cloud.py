"""The sandbox GCP: reads calls, looks at who calls, and has them carried out."""

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
from skyclust_sandbox.gcp import authorization, handlers, operations, resource_manager
from skyclust_sandbox.gcp.api_calls import GcpCall, read_call
from skyclust_sandbox.gcp.estate_builder import build_estate
from skyclust_sandbox.gcp.identity import MAIN_PROJECT, OTHER_PROJECT, Account, NotAccepted, Tokens
from skyclust_sandbox.gcp.lists import list_aggregated, list_scope, region_in
from skyclust_sandbox.gcp.networks import put_default_network
from skyclust_sandbox.gcp.partial_response import select
from skyclust_sandbox.gcp.public_images import stock_images
from skyclust_sandbox.gcp.responses import Resource, refused, reply
from skyclust_sandbox.gcp.state import (
    OperationFailure,
    Project,
    Work,
    World,
)
from skyclust_sandbox.seeds import Seed
from skyclust_sandbox.serving import drop_connection

NUMBERS: Final = {
    MAIN_PROJECT: "415926535897",
    OTHER_PROJECT: "718281828459",
    "debian-cloud": "161803398874",
    "ubuntu-os-cloud": "141421356237",
}
"""The numbers of the projects."""

_LONGEST_WAIT: Final = 120.0  # of the method `wait`, as Google has it


@dataclass
class GcpCloud:
    """One Google Cloud. `lock` is held while a call is carried out."""

    transition_seconds: float
    conditions: Conditions
    tokens: Tokens = field(default_factory=lambda: Tokens(secrets.token_bytes(32)))
    lock: threading.RLock = field(default_factory=threading.RLock)
    world: World = field(init=False)

    def __post_init__(self) -> None:
        self.restart(Seed.EMPTY)

    def restart(self, seed: Seed) -> None:
        """Forget everything and begin anew from a seed."""
        world = World(self.transition_seconds)
        now = datetime.now(UTC)
        for name, number in NUMBERS.items():
            world.projects[name] = Project(name, number, now - timedelta(days=1500))
        stock_images(world)
        for name in (MAIN_PROJECT, OTHER_PROJECT):
            put_default_network(world, world.projects[name])
        if seed is Seed.ESTATE:
            build_estate(world, world.projects[MAIN_PROJECT])
        with self.lock:
            self.world = world
            self.tokens.expired_before = 0.0

    def read(self, request: Request) -> Call:
        """Return what is called; refuses what is in no document."""
        return read_call(request, self._caller_in(request))

    def admit(self, request: Request, call: Call) -> None:
        """Refuse callers without a good token, and those who may not do it."""
        authorization.require_token(request, self.tokens)
        gcp = _gcp(call)
        gcp.require_readable()
        if gcp.api == "compute.v1":
            project = self.world.projects.get(gcp.project)
            authorization.require_permission(gcp, known=project is not None)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return a fault as Google tells it.

        An error with the code of an operation's is no refusal: the operation fails later.
        """
        gcp = _gcp(call)
        code = fault.code or ""
        if fault.kind is FaultKind.ERROR and code.isupper() and gcp.changes:
            failure = authorization.operation_failure(gcp, fault)
            return self._answer(gcp, failure)
        return authorization.fault_reply(gcp, fault)

    def carry_out(self, request: Request, call: Call) -> Response:
        """Do what is asked and return the answer, unless a fault strikes the zone."""
        gcp = _gcp(call)
        for fault in self._struck(gcp, gcp.path.get("zone", "")):
            if fault.kind is FaultKind.DELAY:
                time.sleep(fault.seconds)
            elif fault.kind is FaultKind.DROP_REPLY:
                self._answer(gcp, None)
                drop_connection(request.environ)
            else:
                return self.refuse(gcp, fault)
        return self._answer(gcp, None)

    def settled(self) -> World:
        """Return the world as it is now; the caller holds the lock."""
        self.world.settle()
        return self.world

    def _answer(self, call: GcpCall, failure: OperationFailure | None) -> Response:
        if call.api != "compute.v1":
            with self.lock:
                return reply(resource_manager.answer(self.settled(), call))
        if call.method.action == "wait":
            self._wait(call)
        with self.lock:
            content = self._carry_out(call, failure)
            # Written under the lock: what is sent is what there was at one moment.
            return reply(select(content, call.query.get("fields", "")))

    def _carry_out(self, call: GcpCall, failure: OperationFailure | None) -> Resource:
        world = self.settled()
        project = world.projects[call.project]
        caller = call.caller
        work = Work(
            world,
            project,
            caller,
            call.method,
            call.path,
            call.query,
            call.read_body(),
            call.scope,
            failure,
        )
        call.require_place()
        again = operations.repeated(work)
        if again is not None:
            return again
        handler = handlers.HANDLERS.get(call.method.id)
        if handler is not None:
            return handler(work)
        collection = handlers.collection_of(call.method.collection)
        changed = handlers.plain_handler(work, collection)
        if changed is not None:
            return changed
        return self._read(work, call, collection)

    def _read(self, work: Work, call: GcpCall, collection: str) -> Resource:
        largest = self.conditions.largest_page
        if collection in handlers.SCOPES:
            match work.method.action:
                case "get" | "wait":
                    return handlers.get(work, collection)
                case "list":
                    return list_scope(work, handlers.in_this_scope(work, collection), largest)
                case "aggregatedList":
                    scopes = handlers.in_all_scopes(work, collection)
                    unreachable = {one for one in scopes if self._strikes(call, one)}
                    return list_aggregated(work, collection, scopes, largest, unreachable)
        message = f"The sandbox has no method {work.method.id}."
        raise refused(501, "notImplemented", message, front=True)

    def _strikes(self, call: GcpCall, scope: str) -> bool:
        """Return whether a fault makes one scope of an aggregated list unreachable."""
        names = {region_in(scope), scope.partition("/")[2]} - {""}
        return any(
            fault.kind is not FaultKind.DELAY
            for name in sorted(names)
            for fault in self._struck(call, name)
        )

    def _struck(self, call: GcpCall, name: str) -> list[Fault]:
        """Return what strikes a call in a place, where a fault names that very place."""
        faults = self.conditions.faults
        if not any(
            one.fault.region == name and fnmatchcase(call.action, one.fault.action)
            for one in faults.standing()
            if name
        ):
            return []
        return faults.strikes(call.action, name, call.access_key)

    def _wait(self, call: GcpCall) -> None:
        """Wait until an operation is done, but no longer than Google does."""
        deadline = time.monotonic() + _LONGEST_WAIT
        while time.monotonic() < deadline:
            with self.lock:
                project = self.settled().projects[call.project]
                operation = operations.operations(project, call.scope).get(call.path["operation"])
                if operation is None or operation["status"] == "DONE":
                    return
            time.sleep(0.01)

    def _caller_in(self, request: Request) -> Account | None:
        try:
            return authorization.caller(request, self.tokens)
        except NotAccepted:
            return None


def _gcp(call: Call) -> GcpCall:
    if not isinstance(call, GcpCall):
        raise TypeError(f"{call!r} was not read here.")
    return call
