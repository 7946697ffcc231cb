"""One admitted call of Resource Manager, as the code that carries it out sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import Principal


@dataclass(frozen=True)
class Ask:
    """What is asked of whom: `names` has what stands in the places of the path.

    `allocation_failure` is the code with which an allocation of this call is to fail.
    """

    state: State
    request: Request
    action: str
    names: Mapping[str, str]
    principal: Principal
    allocation_failure: str | None = None

    @property
    def version(self) -> str:
        """Return the API version asked for."""
        return self.request.args["api-version"]

    @property
    def group_id(self) -> str:
        """Return the id of the resource group in the path."""
        return f"/subscriptions/{self.names['subscription']}/resourceGroups/{self.names['group']}"

    def id_of(self, kind: str) -> str:
        """Return the id of a resource of this type with the path's name."""
        return f"{self.group_id}/providers/{kind}/{self.names['name']}"

    def body(self) -> dict[str, Any]:
        """Return the request's JSON object; refuses anything else."""
        return read_object(self.request)

    def find(self, kind: str) -> Resource:
        """Return the resource that the path names; refuses with 404 when it is not there."""
        self.require_group()
        found = self.state.resources.find(self.id_of(kind))
        if found is None:
            raise refusal(
                404,
                "ResourceNotFound",
                f"The Resource '{kind}/{self.names['name']}' under resource group"
                f" '{self.names['group']}' was not found. For more details please go to"
                " https://aka.ms/ARMResourceNotFoundFix",
            )
        return found

    def require_group(self) -> Resource:
        """Return the path's resource group; refuses with 404 when it is not there."""
        group = self.state.resources.find(self.group_id)
        if group is None:
            raise refusal(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{self.names['group']}' could not be found.",
            )
        return group

    def begin(
        self,
        resource: Resource,
        then: Callable[[], None],
        *,
        output: Callable[[], dict[str, Any]] | None = None,
        share: float = 1.0,
    ) -> Operation:
        """Begin an operation on a resource that does `then` when its time has passed.

        `then` may end the operation with an error; otherwise it succeeds, with what `output`
        gives. `share` is of the time that a transition takes.
        """
        operation = Operation(resource.type.split("/")[0], resource.location, resource.subscription)
        self.state.operations[operation.id] = operation
        resource.operation = operation

        def end() -> None:
            if resource.operation is not operation:
                operation.fail("OperationPreempted", "The operation has been preempted by another.")
                return
            then()
            if operation.is_under_way:
                operation.succeed(None if output is None else output())

        self.state.agenda.after(share * self.state.settings.transition_seconds, end)
        return operation

    def accepted(
        self, operation: Operation, content: object | None, status: int, *, location: bool
    ) -> Response:
        """Return the reply that says where to ask about an operation."""
        host = self.request.host_url
        headers = {
            "Azure-AsyncOperation": operation.url(host, self.version),
            "Retry-After": retry_after(self.state),
        }
        if location:
            headers["Location"] = operation.result_url(host, self.version)
        return reply(content, status, headers)


def retry_after(state: State) -> str:
    """Return the wait to ask for between two looks at an operation, in whole seconds."""
    return str(int(state.settings.transition_seconds))


def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries; refuses anything else."""
    try:
        content = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: '{error}'.",
        ) from error
    if not isinstance(content, dict):
        raise refusal(
            400, "InvalidRequestContent", "The request content was invalid: no JSON object."
        )
    return content
