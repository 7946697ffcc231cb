"""A call as its handler sees it: the operation, the caller, the region and the request body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call, Refused
from skyclust_sandbox.openstack.cloud_state import CloudState
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.tokens import Token
from skyclust_sandbox.openstack.wire import Body, refused


@dataclass(frozen=True)
class Route:
    """One operation of a service. `path` is relative to the service's own prefix.

    `action` is the name of the operation for faults, without the service. When it ends in `*`, the
    key of the body replaces the asterisk, as for the actions of nova and cinder. Routes with `open`
    need no token.
    """

    method: str
    path: str
    action: str
    handler: Callable[[Context], Response]
    open: bool = False


@dataclass(frozen=True)
class OpenStackCall(Call):
    """A call with its route, path arguments, token and microversion."""

    request: Request
    service: str
    route: Route
    arguments: Mapping[str, str]
    token: Token | None
    microversion: tuple[int, int]


@dataclass(frozen=True)
class Context:
    """An admitted call. `outcome` is the code of the fault that decides how its work ends."""

    cloud: CloudState
    call: OpenStackCall
    outcome: str = ""
    delay: float = 0.0

    @property
    def request(self) -> Request:
        """Return the HTTP request."""
        return self.call.request

    @property
    def token(self) -> Token:
        """Return the caller's token; only open routes are called without one."""
        if self.call.token is None:
            raise self.refused(401, "The request you have made requires authentication.")
        return self.call.token

    @property
    def region(self) -> Region:
        """Return the region of the call."""
        return self.cloud.regions[self.call.region]

    @property
    def project_id(self) -> str:
        """Return the id of the project that the token is scoped to; empty for an unscoped token."""
        return "" if self.token.project is None else self.token.project.id

    @property
    def is_admin(self) -> bool:
        """Return whether the caller is an administrator, who sees all projects."""
        return "admin" in self.token.roles

    @property
    def fails(self) -> bool:
        """Return whether a fault makes the work of this call fail."""
        return self.outcome not in {"", "Slow"}

    @property
    def base_url(self) -> str:
        """Return the URL of the service in this region, without a version."""
        path = f"/{self.call.region}" if self.call.region else ""
        return f"{self.request.host_url.rstrip('/')}{path}/{PREFIXES[self.call.service]}"

    @property
    def transition_seconds(self) -> float:
        """Return how long the asynchronous work of this call takes, in seconds."""
        return self.cloud.settings.transition_seconds + self.delay

    def argument(self, name: str) -> str:
        """Return an argument of the path."""
        return self.call.arguments[name]

    def refused(self, status: int, message: str, code: str = "") -> Refused:
        """Return the refusal of this call in the error format of its service."""
        return refused(self.call.service, status, message, code=code)

    def body(self, key: str) -> Body:
        """Return the object under a key of the JSON body; refuses any other body with 400."""
        content = read_json(self.request)
        resource = content.get(key) if isinstance(content, dict) else None
        if not isinstance(resource, dict):
            raise self.refused(
                400,
                f"Invalid input for field/attribute {key}. Value: {content}."
                f" {key!r} is a required property",
            )
        return resource

    def schedule(self, key: str, work: Callable[[], None], share: float = 1.0) -> None:
        """Schedule work on a resource after the transition time, or after a share of it."""
        self.cloud.timers.schedule(key, self.transition_seconds * share, work)


PREFIXES = {
    "identity": "identity",
    "compute": "compute",
    "image": "image",
    "network": "network",
    "block-storage": "volume",
    "load-balancer": "load-balancer",
    "rating": "rating",
}
"""The path of each service below its region, as in a deployment behind one port."""


def read_json(request: Request) -> Any:
    """Return the JSON content of a request, or None when it has no valid one."""
    return request.get_json(force=True, silent=True)
