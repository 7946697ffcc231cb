"""One call as the code that carries it out sees it: who calls, where, and what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Call, Refused
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.tokens import Token
from skyclust_sandbox.openstack.wire import Body, refused

if TYPE_CHECKING:
    from skyclust_sandbox.openstack.cloud import OpenStackCloud


@dataclass(frozen=True)
class Route:
    """One operation of a service. `path` is below the service's own prefix.

    `action` is what faults call it, below the service's name; one that ends in `*` is named by
    the body, as the actions of nova and cinder are. `open` ones answer without a token.
    """

    method: str
    path: str
    action: str
    work: Callable[[Context], Response]
    open: bool = False


@dataclass(frozen=True)
class OpenStackCall(Call):
    """A call with what it was recognised by."""

    request: Request
    service: str
    route: Route
    arguments: Mapping[str, str]
    token: Token | None
    microversion: tuple[int, int]


@dataclass(frozen=True)
class Context:
    """A call that has been admitted. `outcome` is the fault's code that its work ends with."""

    cloud: OpenStackCloud
    call: OpenStackCall
    outcome: str = ""
    delay: float = 0.0

    @property
    def request(self) -> Request:
        """Return the HTTP request."""
        return self.call.request

    @property
    def token(self) -> Token:
        """Return the caller's token; only open routes are called without."""
        if self.call.token is None:
            raise self.refused(401, "The request you have made requires authentication.")
        return self.call.token

    @property
    def region(self) -> Region:
        """Return the region that the call belongs to."""
        return self.cloud.regions[self.call.region]

    @property
    def project_id(self) -> str:
        """Return the project that the token is scoped to, empty for none."""
        return "" if self.token.project is None else self.token.project.id

    @property
    def is_admin(self) -> bool:
        """Return whether the caller sees what belongs to others."""
        return "admin" in self.token.roles

    @property
    def fails(self) -> bool:
        """Return whether the work that this call begins is to end badly."""
        return self.outcome not in {"", "Slow"}

    @property
    def base(self) -> str:
        """Return the URL of the service in this region, without a version."""
        path = f"/{self.call.region}" if self.call.region else ""
        return f"{self.request.host_url.rstrip('/')}{path}/{PREFIXES[self.call.service]}"

    @property
    def transition_seconds(self) -> float:
        """Return the time that work takes which this call begins."""
        return self.cloud.settings.transition_seconds + self.delay

    def argument(self, name: str) -> str:
        """Return a part of the path."""
        return self.call.arguments[name]

    def refused(self, status: int, message: str, code: str = "") -> Refused:
        """Return the refusal of this call in the words of its service."""
        return refused(self.call.service, status, message, code=code)

    def body(self, key: str) -> Body:
        """Return the object under a key of the JSON body; refuses any other body."""
        content = read_json(self.request)
        asked = content.get(key) if isinstance(content, dict) else None
        if not isinstance(asked, dict):
            raise self.refused(
                400,
                f"Invalid input for field/attribute {key}. Value: {content}."
                f" {key!r} is a required property",
            )
        return asked

    def later(self, key: str, work: Callable[[], None], share: float = 1.0) -> None:
        """Do the work of an object after its time, or after a share of it."""
        self.cloud.timers.plan(key, self.transition_seconds * share, work)


PREFIXES = {
    "identity": "identity",
    "compute": "compute",
    "image": "image",
    "network": "network",
    "block-storage": "volume",
    "load-balancer": "load-balancer",
}
"""The path of each service below its region, as a deployment behind one port has it."""


def read_json(request: Request) -> Any:
    """Return the JSON content of a request, None when it has none."""
    return request.get_json(force=True, silent=True)
