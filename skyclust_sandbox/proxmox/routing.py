"""Routes: the operation, parameters and required privileges of each path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from skyclust_sandbox.proxmox.replies import invalid, refused
from skyclust_sandbox.proxmox.state import Cluster, Guest

PREFIX: Final = "/api2/json"


@dataclass(frozen=True)
class ApiRequest:
    """One authenticated call: path, parameters, principal and time."""

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
        """The VMID of the path; raises Refused for an invalid VMID."""
        return to_vmid(self.path["vmid"])

    def guest(self, kind: str) -> Guest:
        """Return the guest of the path; raises Refused when it is not on the node."""
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


Handler = Callable[[ApiRequest], object]


@dataclass(frozen=True)
class Route:
    """One operation; `needs` has pairs of an access path and its sufficient privileges."""

    method: str
    path: str
    handler: Handler
    parameters: str = ""
    needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    required: tuple[str, ...] = field(default=())

    @property
    def action(self) -> str:
        """The name of the operation in faults and call counts."""
        return f"{self.method} {self.path}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern that the path of a request matches."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))

    @cached_property
    def _accepted(self) -> re.Pattern[str]:
        return re.compile(self.parameters)

    def check_parameters(self, parameters: Mapping[str, str]) -> None:
        """Raise Refused for an unknown parameter, or when a required one is missing."""
        unknown = {
            name: "property is not defined in schema and the schema does not allow additional"
            " properties"
            for name in parameters
            if not self._accepted.fullmatch(name)
        }
        missing = {
            name: "property is missing and it is not optional"
            for name in self.required
            if name not in parameters
        }
        if unknown or missing:
            raise invalid(**{**unknown, **missing})


def to_vmid(text: str) -> int:
    """Return a VMID; raises Refused unless it is from 100 to 999999999."""
    if not text.isdigit() or not 100 <= int(text) <= 999_999_999:
        raise invalid(vmid="type check ('integer') failed - got '" + text + "'")
    return int(text)
