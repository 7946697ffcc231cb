"""Context of an authorized API call: the caller, the parameters, and the state to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.discovery import Method
from skyclust_sandbox.gcp.identity import ServiceAccount
from skyclust_sandbox.gcp.links import Reference, read_link
from skyclust_sandbox.gcp.responses import Resource, refused
from skyclust_sandbox.gcp.state import Project, State

PUBLIC_PROJECTS: Final = ("debian-cloud", "ubuntu-os-cloud")
"""The projects whose images every caller may read."""


@dataclass(frozen=True)
class OperationFailure:
    """The error of a failed operation: its code, the HTTP status and the message."""

    code: str
    status: int
    message: str


@dataclass(frozen=True)
class RequestContext:
    """An authorized call of a Compute Engine method.

    `failure` is the error with which the operation of this call has to fail, if any.
    """

    state: State
    project: Project
    caller: ServiceAccount
    method: Method
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    scope: str
    failure: OperationFailure | None = None

    def reference(self, collection: str, name: str) -> Reference:
        """Return the reference of a resource in the scope of this call, by its name or its id.

        Path parameters match `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19}`, where the
        second alternative is an id.
        """
        if name.isdecimal():
            resources = self.project.resources.get(collection, {}).get(self.scope, {})
            by_id = {resource["id"]: known for known, resource in resources.items()}
            name = by_id.get(name, name)
        return Reference(self.project.name, self.scope, collection, name)

    def resolve_link(self, text: str, collection: str, field: str) -> Reference:
        """Return the reference of a link in the request field `field`.

        Raises Refused for a malformed link, and for a project that the caller cannot read.
        """
        reference = read_link(text, self.project.name, collection, field)
        require_visible(self.project.name, reference)
        return reference


def require_visible(project: str, reference: Reference) -> None:
    """Raise Refused unless a resource is in `project` or in a public project."""
    if reference.project in (project, *PUBLIC_PROJECTS):
        return
    message = f"Required 'compute.{reference.collection}.get' permission for '{reference.path}'"
    raise refused(403, "forbidden", message, from_front_end=True)
