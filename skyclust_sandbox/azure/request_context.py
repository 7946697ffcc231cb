"""The context of one authorized Resource Manager request, as its handler receives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.responses import arm_error, json_response
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import Principal


@dataclass(frozen=True)
class RequestContext:
    """A request with its path parameters and its authenticated principal.

    `allocation_failure` is the error code with which the allocation of this request must fail.
    """

    state: State
    request: Request
    action: str
    path_parameters: Mapping[str, str]
    principal: Principal
    allocation_failure: str | None = None

    @property
    def api_version(self) -> str:
        """Return the request's `api-version` query parameter."""
        return self.request.args["api-version"]

    @property
    def subscription(self) -> str:
        """Return the subscription id in the path."""
        return self.path_parameters["subscription"]

    @property
    def resource_group_id(self) -> str:
        """Return the id of the resource group in the path."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.path_parameters['group']}"

    def resource_id(self, resource_type: str) -> str:
        """Return the id of the resource of this type that the path names."""
        return f"{self.resource_group_id}/providers/{resource_type}/{self.path_parameters['name']}"

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object; any other body is refused with 400."""
        return read_json_object(self.request)

    def require_resource(self, resource_type: str) -> Resource:
        """Return the resource that the path names; 404 if it does not exist."""
        self.require_resource_group()
        resource = self.state.resources.find(self.resource_id(resource_type))
        if resource is None:
            raise arm_error(
                404,
                "ResourceNotFound",
                f"The Resource '{resource_type}/{self.path_parameters['name']}' under resource"
                f" group '{self.path_parameters['group']}' was not found. For more details please"
                " go to https://aka.ms/ARMResourceNotFoundFix",
            )
        return resource

    def require_resource_group(self) -> Resource:
        """Return the resource group in the path; 404 if it does not exist."""
        group = self.state.resources.find(self.resource_group_id)
        if group is None:
            raise arm_error(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{self.path_parameters['group']}' could not be found.",
            )
        return group

    def begin_operation(
        self,
        resource: Resource,
        on_complete: Callable[[], None],
        *,
        output: Callable[[], dict[str, Any]] | None = None,
        duration_factor: float = 1.0,
    ) -> Operation:
        """Start an asynchronous operation on a resource and return it.

        `on_complete` runs after the transition time multiplied by `duration_factor`. It may fail
        the operation; otherwise the operation succeeds with the result of `output`. An operation
        that another one on the same resource has replaced fails with OperationPreempted.
        """
        operation = Operation(resource.type.split("/")[0], resource.location, resource.subscription)
        self.state.operations[operation.id] = operation
        resource.operation = operation

        def complete() -> None:
            if resource.operation is not operation:
                operation.fail("OperationPreempted", "The operation has been preempted by another.")
                return
            on_complete()
            if operation.is_in_progress:
                operation.succeed(None if output is None else output())

        seconds = duration_factor * self.state.settings.transition_seconds
        self.state.timers.schedule(seconds, complete)
        return operation

    def accepted_response(
        self, operation: Operation, content: object | None, status: int, *, location_header: bool
    ) -> Response:
        """Return the response to a request that started an operation, with its status URLs."""
        host = self.request.host_url
        headers = {
            "Azure-AsyncOperation": operation.status_url(host, self.api_version),
            "Retry-After": retry_after(self.state),
        }
        if location_header:
            headers["Location"] = operation.result_url(host, self.api_version)
        return json_response(content, status, headers)


def retry_after(state: State) -> str:
    """Return the `Retry-After` header of an operation: the polling interval in whole seconds."""
    return str(int(state.settings.transition_seconds))


def read_json_object(request: Request) -> dict[str, Any]:
    """Return the JSON object in a request's body; any other body is refused with 400."""
    try:
        content = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise arm_error(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{error}'.",
        ) from error
    if not isinstance(content, dict):
        raise arm_error(
            400, "InvalidRequestContent", "The request content was invalid: no JSON object."
        )
    return content
