"""The routes: which path is which operation, what it takes, and who may call it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from skyclust_sandbox.proxmox.answers import invalid, refused
from skyclust_sandbox.proxmox.state import Cluster, Guest

PREFIX: Final = "/api2/json"


@dataclass(frozen=True)
class Asked:
    """One call: the parts of its path, its parameters, who it comes from, and when."""

    cluster: Cluster
    path: Mapping[str, str]
    parameters: Mapping[str, str]
    principal: str
    now: float

    @property
    def node(self) -> str:
        """The node of the path."""
        return self.path["node"]

    @property
    def vmid(self) -> int:
        """The guest's number in the path; raises Refused for what is no number."""
        return number(self.path["vmid"])

    def guest(self, kind: str) -> Guest:
        """Return the guest of the path; raises Refused when the node has none."""
        guest = self.cluster.guests.get(self.vmid)
        if guest is None or guest.node != self.node or guest.kind != kind:
            folder = "qemu-server" if kind == "qemu" else "lxc"
            raise refused(
                f"Configuration file 'nodes/{self.node}/{folder}/{self.vmid}.conf' does not exist"
            )
        return guest

    def flag(self, name: str) -> bool:
        """Return whether a boolean parameter is set."""
        return self.parameters.get(name, "0") in {"1", "yes", "true", "on"}


Handler = Callable[[Asked], object]


@dataclass(frozen=True)
class Route:
    """`needs` has pairs of an access path and the privileges of which one is enough."""

    method: str
    path: str
    handler: Handler
    parameters: str = ""
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    required: tuple[str, ...] = field(default=())

    @property
    def action(self) -> str:
        """The name that faults and counts know it by."""
        return f"{self.method} {self.path}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a request's path looks like."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))

    @cached_property
    def _taken(self) -> re.Pattern[str]:
        return re.compile(self.parameters)

    def refuse_unknown(self, parameters: Mapping[str, str]) -> None:
        """Raise Refused for a parameter that is not in the schema, or one that is missing."""
        wrong = {
            name: "property is not defined in schema and the schema does not allow additional"
            " properties"
            for name in parameters
            if not self._taken.fullmatch(name)
        }
        missing = {
            name: "property is missing and it is not optional"
            for name in self.required
            if name not in parameters
        }
        if wrong or missing:
            raise invalid(**{**wrong, **missing})


def number(text: str) -> int:
    """Return a guest's number; raises Refused unless it is from 100 to 999999999."""
    if not text.isdigit() or not 100 <= int(text) <= 999_999_999:
        raise invalid(vmid="type check ('integer') failed - got '" + text + "'")
    return int(text)
