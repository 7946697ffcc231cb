"""The sandbox Azure as a cloud: what is called, and who carries it out."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call
from skyclust_sandbox.azure import api_versions
from skyclust_sandbox.azure.authorization import (
    check_role,
    check_subscription,
    client_of,
    principal_of,
)
from skyclust_sandbox.azure.compute import boot_diagnostics
from skyclust_sandbox.azure.entra import endpoints
from skyclust_sandbox.azure.entra.access_tokens import Tokens
from skyclust_sandbox.azure.estate.seed import begin
from skyclust_sandbox.azure.fault_responses import (
    ALLOCATION_FAILURES,
    refused_by_entra,
    refused_by_manager,
)
from skyclust_sandbox.azure.locations import name_of
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.router import Route, Router
from skyclust_sandbox.azure.routes import ROUTES
from skyclust_sandbox.azure.state import AzureSettings, State
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.seeds import Seed


@dataclass(frozen=True)
class AzureCall(Call):
    """A call with its route, what stands in the places of its path, and the request itself."""

    route: Route
    names: Mapping[str, str]
    request: Request


class AzureCloud:
    """One Azure. `lock` is held while its state is read or changed."""

    def __init__(self, settings: AzureSettings, conditions: Conditions) -> None:
        self.lock = threading.RLock()
        self.state = State(settings, conditions)
        self._tokens = Tokens(secrets.token_bytes(32))
        self._router = Router(ROUTES)

    def restart(self, seed: Seed) -> None:
        """Forget everything but the tokens given out, and begin anew from a seed."""
        with self.lock:
            self.state = State(self.state.settings, self.state.conditions)
            begin(self.state, seed)

    def read(self, request: Request) -> AzureCall:
        """Return what is called; refuses with 404 or 405 what the sandbox does not have."""
        found = self._router.find(request.method, request.path)
        if found is None:
            if self._router.knows(request.path):
                message = f"The requested resource does not support http method '{request.method}'."
                raise refusal(405, "UnsupportedHttpMethod", message)
            message = f"The sandbox has no resource at {request.path!r}."
            raise refusal(404, "InvalidResourceType", message)
        route, names = found
        if route.handler is None:
            client = request.form.get("client_id", "") if request.method == "POST" else ""
            return AzureCall(route.action, "", client, route, names, request)
        client = client_of(request, self._tokens)
        with self.lock:
            region = self._region_of(request, names)
        return AzureCall(route.action, region, client, route, names, request)

    def admit(self, request: Request, call: Call) -> None:
        """Refuse whoever has no token, no right, or names no API version that there is."""
        ours = _ours(call)
        if ours.route.handler is None:
            return
        principal = principal_of(request, self._tokens)
        api_versions.check(request)
        if "subscription" in ours.names:
            check_subscription(principal, ours.names["subscription"])
            check_role(principal, request)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return a fault in Azure's own words, or let the call fail after it is accepted."""
        ours = _ours(call)
        if ours.route.handler is None:
            return refused_by_entra(fault)
        if fault.kind is FaultKind.ERROR and fault.code in ALLOCATION_FAILURES:
            return self._carry_out(ours, fault.code)
        return refused_by_manager(
            fault,
            method=ours.request.method,
            path=ours.request.path,
            client_id=ours.access_key,
            reads=ours.request.method in {"GET", "HEAD"},
        )

    def carry_out(self, request: Request, call: Call) -> Response:
        """Do what is asked."""
        del request  # the call has it
        return self._carry_out(_ours(call), None)

    def _carry_out(self, call: AzureCall, allocation_failure: str | None) -> Response:
        if call.route.handler is None:
            return self._identify(call)
        principal = principal_of(call.request, self._tokens)
        with self.lock:
            self.state.agenda.advance()
            return call.route.handler(
                Ask(
                    self.state,
                    call.request,
                    call.action,
                    call.names,
                    principal,
                    allocation_failure,
                )
            )

    def _identify(self, call: AzureCall) -> Response:
        tenant = call.names.get("tenant", "")
        match call.action:
            case "Tokens_Create":
                certificates = self.state.certificates
                return endpoints.create_token(call.request, tenant, self._tokens, certificates)
            case "ManagedIdentity_GetToken":
                return endpoints.identity_token(call.request, self._tokens)
            case "Blobs_Get":
                with self.lock:
                    self.state.agenda.advance()
                    return boot_diagnostics.read_blob(self.state, call.request, call.names)
            case "Tenants_OpenIdConfiguration":
                return endpoints.openid_configuration(call.request, tenant)
            case _:
                return endpoints.instance_discovery(call.request)

    def _region_of(self, request: Request, names: Mapping[str, str]) -> str:
        """Return the location that the path, the body or the stored resource tells, else ""."""
        if "location" in names:
            return name_of(names["location"])
        if request.method == "PUT":
            try:
                told = orjson.loads(request.get_data())["location"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                told = None
            if isinstance(told, str):
                return name_of(told)
        if "name" not in names:
            return ""
        stored = self.state.resources.find("/".join(request.path.split("/")[:9]))
        return "" if stored is None else stored.location


def _ours(call: Call) -> AzureCall:
    if not isinstance(call, AzureCall):
        raise TypeError(f"{call!r} is no call of Azure.")
    return call
