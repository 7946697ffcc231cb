"""The sandbox Azure: routes, authorizes and handles the requests of its REST APIs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call
from skyclust_sandbox.azure.api_versions import check_api_version
from skyclust_sandbox.azure.authorization import (
    authenticate,
    check_role,
    check_subscription,
    client_id_of,
)
from skyclust_sandbox.azure.compute import boot_diagnostics
from skyclust_sandbox.azure.cost_management import retail_prices
from skyclust_sandbox.azure.entra import endpoints
from skyclust_sandbox.azure.entra.access_tokens import Tokens
from skyclust_sandbox.azure.estate.seed import create_seed_resources
from skyclust_sandbox.azure.fault_responses import (
    ALLOCATION_FAILURES,
    arm_fault_response,
    entra_fault_response,
    price_fault_response,
)
from skyclust_sandbox.azure.locations import normalize_location
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.router import Route, Router
from skyclust_sandbox.azure.routes import ROUTES
from skyclust_sandbox.azure.state import AzureSettings, State
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.seeds import Seed


@dataclass(frozen=True)
class AzureCall(Call):
    """A call with its route, its path parameters and the HTTP request."""

    route: Route
    path_parameters: Mapping[str, str]
    request: Request


class AzureCloud:
    """One sandbox Azure. `lock` is held while its state is read or changed."""

    def __init__(self, settings: AzureSettings, conditions: Conditions) -> None:
        self.lock = threading.RLock()
        self.state = State(settings, conditions)
        self._tokens = Tokens(secrets.token_bytes(32))
        self._router = Router(ROUTES)

    def restart(self, seed: Seed) -> None:
        """Replace the state by that of a seed; tokens that were issued stay valid."""
        with self.lock:
            self.state = State(self.state.settings, self.state.conditions)
            create_seed_resources(self.state, seed)

    def read(self, request: Request) -> AzureCall:
        """Return the call; 404 for an unknown path, 405 for an unknown method of a path."""
        match = self._router.match(request.method, request.path)
        if match is None:
            if self._router.has_path(request.path):
                message = f"The requested resource does not support http method '{request.method}'."
                raise arm_error(405, "UnsupportedHttpMethod", message)
            message = f"The sandbox has no resource at {request.path!r}."
            raise arm_error(404, "InvalidResourceType", message)
        route, path_parameters = match
        if route.handler is None:
            client_id = request.form.get("client_id", "") if request.method == "POST" else ""
            return AzureCall(route.action, "", client_id, route, path_parameters, request)
        client_id = client_id_of(request, self._tokens)
        with self.lock:
            region = self._region_of(request, path_parameters)
        return AzureCall(route.action, region, client_id, route, path_parameters, request)

    def admit(self, request: Request, call: Call) -> None:
        """Refuse a call without a valid token, a role or a supported API version."""
        azure_call = _azure_call(call)
        if azure_call.route.handler is None:
            return
        principal = authenticate(request, self._tokens)
        check_api_version(request)
        if "subscription" in azure_call.path_parameters:
            check_subscription(principal, azure_call.path_parameters["subscription"])
            check_role(principal, request)

    def refuse(self, call: Call, fault: Fault) -> Response:
        """Return the error response for a fault.

        An allocation failure is accepted: the response is that of the successful call, and its
        asynchronous operation fails later.
        """
        azure_call = _azure_call(call)
        if azure_call.action == retail_prices.ACTION:
            return price_fault_response(fault)
        if azure_call.route.handler is None:
            return entra_fault_response(fault)
        if fault.kind is FaultKind.ERROR and fault.code in ALLOCATION_FAILURES:
            return self._handle(azure_call, fault.code)
        return arm_fault_response(
            fault,
            method=azure_call.request.method,
            path=azure_call.request.path,
            client_id=azure_call.access_key,
            reads=azure_call.request.method in {"GET", "HEAD"},
        )

    def carry_out(self, request: Request, call: Call) -> Response:
        """Handle an authorized call and return its response."""
        del request  # the call has it
        return self._handle(_azure_call(call), None)

    def _handle(self, call: AzureCall, allocation_failure: str | None) -> Response:
        if call.route.handler is None:
            return self._handle_without_token(call)
        principal = authenticate(call.request, self._tokens)
        with self.lock:
            self.state.timers.run_due()
            return call.route.handler(
                RequestContext(
                    self.state,
                    call.request,
                    call.action,
                    call.path_parameters,
                    principal,
                    allocation_failure,
                )
            )

    def _handle_without_token(self, call: AzureCall) -> Response:
        tenant = call.path_parameters.get("tenant", "")
        match call.action:
            case "Tokens_Create":
                certificates = self.state.certificates
                return endpoints.create_token(call.request, tenant, self._tokens, certificates)
            case "ManagedIdentity_GetToken":
                return endpoints.managed_identity_token(call.request, self._tokens)
            case "Blobs_Get":
                with self.lock:
                    self.state.timers.run_due()
                    return boot_diagnostics.read_blob(
                        self.state, call.request, call.path_parameters
                    )
            case retail_prices.ACTION:
                return retail_prices.list_prices(call.request, self.state.conditions.largest_page)
            case "Tenants_OpenIdConfiguration":
                return endpoints.openid_configuration(call.request, tenant)
            case _:
                return endpoints.instance_discovery(call.request)

    def _region_of(self, request: Request, path_parameters: Mapping[str, str]) -> str:
        """Return the location in the path, the body or the stored resource, empty if none."""
        if "location" in path_parameters:
            return normalize_location(path_parameters["location"])
        if request.method == "PUT":
            try:
                location = orjson.loads(request.get_data())["location"]
            except (orjson.JSONDecodeError, KeyError, TypeError):
                location = None
            if isinstance(location, str):
                return normalize_location(location)
        if "name" not in path_parameters:
            return ""
        resource = self.state.resources.find("/".join(request.path.split("/")[:9]))
        return "" if resource is None else resource.location


def _azure_call(call: Call) -> AzureCall:
    if not isinstance(call, AzureCall):
        raise TypeError(f"{call!r} is not a call of Azure.")
    return call
