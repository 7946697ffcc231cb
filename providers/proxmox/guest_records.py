"""The records of a guest (VM or container): its location, status, configuration and metadata.

A guest is identified by its VMID, which is unique in the cluster and stays the same when the guest
moves to another node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from providers.proxmox.fields import to_text
from providers.proxmox.notes import Metadata

KINDS: Final = ("qemu", "lxc")
"""VMs and containers, as Proxmox VE names them."""


@dataclass(frozen=True)
class Location:
    """Where a guest is, as the cluster's or the node's list reports it."""

    vmid: int
    kind: str
    node: str
    pool: str | None = None
    template: bool = False
    online: bool = True
    name: str = ""

    @property
    def path(self) -> str:
        """The path of the guest in the API."""
        return f"nodes/{self.node}/{self.kind}/{self.vmid}"

    @property
    def label(self) -> str:
        """The kind and VMID of the guest, for messages."""
        return f"{'VM' if self.kind == 'qemu' else 'container'} {self.vmid}"


@dataclass(frozen=True)
class Guest:
    """A VM or container; `shared` are those of its storages that all nodes share."""

    location: Location
    status: Mapping[str, Any]
    config: Mapping[str, Any]
    task: str | None = None
    metadata: Metadata = field(default_factory=Metadata)
    shared: frozenset[str] = frozenset()

    @property
    def vmid(self) -> int:
        """The VMID of the guest."""
        return self.location.vmid

    @property
    def runs(self) -> bool:
        """Whether the guest is powered on; a paused VM is."""
        return self.status.get("status") == "running"

    @property
    def lock(self) -> str:
        """The lock of the configuration, empty without a lock."""
        return to_text(self.config.get("lock")) or ""

    @cached_property
    def description(self) -> str:
        """The notes of the guest."""
        return to_text(self.config.get("description")) or ""

    @property
    def precondition(self) -> dict[str, object]:
        """The parameter that makes Proxmox VE refuse a change of an outdated configuration."""
        digest = to_text(self.config.get("digest"))
        return {"digest": digest} if digest else {}
