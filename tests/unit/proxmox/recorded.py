"""A small cluster whose replies are recorded once, and replayed with one change.

The answers are the sandbox's own, which are held to the official schemas. They are given in place
of proxmoxer, so that all of the provider is in use, and no connection is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from proxmoxer.core import ResourceException
from werkzeug.test import Client

from providers.proxmox.credential import ProxmoxCredential
from providers.proxmox.provider import ProxmoxProvider
from skyclust_sandbox.control import Control
from skyclust_sandbox.proxmox.application import ProxmoxApplication
from skyclust_sandbox.proxmox.cloud import ProxmoxCloud
from skyclust_sandbox.proxmox.credential import credential
from skyclust_sandbox.proxmox.state import Bridge
from skyclust_sandbox.seeds import Seed

Location = tuple[Any, ...]
"""A path in a reply: the keys and indexes that lead to a value."""

MACHINE = {
    "vmid": 101,
    "name": "web",
    "cores": 2,
    "sockets": 2,
    "memory": "2048",
    "cpulimit": "1.5",
    "scsi0": "ceph:8",
    "scsi1": "local-lvm:9",
    "net0": "virtio,bridge=vmbr0",
    "net1": "virtio,bridge=vmbr1",
    "ipconfig0": "ip=10.20.0.101/24,gw=10.20.0.1,ip6=fd20::101/64",
    "ipconfig1": "ip=8.8.4.4/24,ip6=2a00:1450:4001:80b::5/64",
    "boot": "order=scsi0",
    "ostype": "l26",
    "arch": "x86_64",
    "tags": "prod;web",
    "description": "Ask Jutta.",
}
CONTAINER = {
    "vmid": 102,
    "hostname": "dns",
    "ostemplate": "nas:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "cpulimit": "0.5",
    "memory": 768,
    "rootfs": "ceph:4",
    "mp0": "local-lvm:5,mp=/srv",
    "net0": "name=eth0,bridge=vmbr0,ip=10.20.0.102/24,ip6=fd20::102/64",
    "net1": "name=eth1,bridge=vmbr1,ip=dhcp",
    "ostype": "debian",
    "arch": "amd64",
    "tags": "infra",
}


class Watched(dict[str, Any]):
    """An object of a reply that records which of its fields were read."""

    def __init__(self, content: Mapping[str, Any], where: Location, seen: set[Location]) -> None:
        super().__init__({key: watched(one, (*where, key), seen) for key, one in content.items()})
        self._where, self._seen = where, seen

    def __getitem__(self, key: str) -> Any:
        self._seen.add((*self._where, key))
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self._seen.add((*self._where, key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._seen.add((*self._where, key))
        return super().get(key, default)

    def items(self) -> Any:
        self._seen |= {(*self._where, key) for key in self}
        return super().items()

    def values(self) -> Any:
        self._seen |= {(*self._where, key) for key in self}
        return super().values()


def watched(value: Any, where: Location, seen: set[Location]) -> Any:
    """Return a value whose objects record in `seen` which of their fields were read."""
    if isinstance(value, dict):
        return Watched(value, where, seen)
    if isinstance(value, list):
        return [watched(one, (*where, index), seen) for index, one in enumerate(value)]
    return value


@dataclass
class Recorded:
    """The replies by call, the changed replies, and the fields that were read of each."""

    client: Client
    answers: dict[str, Any] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    seen: dict[str, set[Location]] = field(default_factory=dict)

    def resource(self, base_url: str, **_: Any) -> Resource:
        """Return the replacement of a proxmoxer resource."""
        return Resource(self, urlsplit(base_url).path)

    def answer(self, call: str) -> Any:
        """Return the data of a reply; raises proxmoxer's error for an error reply."""
        if call in self.changed:
            return copy.deepcopy(self.changed[call])
        if call not in self.answers:
            given = credential("")
            name = f"{given['user']}!{given['token_name']}={given['token_value']}"
            headers = {"Authorization": f"PVEAPIToken={name}"}
            found = self.client.get(call, headers=headers)
            self.answers[call] = (found.status, json.loads(found.get_data()))
        status, body = self.answers[call]
        if not status.startswith("200"):
            raise ResourceException(int(status[:3]), "", status[4:], errors=body.get("errors"))
        return watched(body["data"], (), self.seen.setdefault(call, set()))

    def provider(self) -> ProxmoxProvider:
        """Return a provider without cached replies."""
        return ProxmoxProvider(ProxmoxCredential.model_validate(credential("http://recorded")))


@dataclass(frozen=True)
class Resource:
    """A resource of proxmoxer."""

    recorded: Recorded
    path: str

    def get(self, **parameters: Any) -> Any:
        """Return the recorded reply."""
        return self.recorded.answer(f"{self.path}?{urlencode(parameters)}")


def record() -> Recorded:
    """Return a cluster of one node: a VM, a container, templates, snapshots, networks."""
    cloud = ProxmoxCloud(0.0)
    control = Control("proxmox", "nonce", Seed.EMPTY, cloud.restart)
    cluster = cloud.cluster
    for name in ("pve2", "pve3"):
        del cluster.nodes[name]
    cluster.bridges = [one for one in cluster.bridges if one.node == "pve1"]
    cluster.bridges.append(Bridge("shopnet", zone="prod", tag=100, comments="Web shop"))
    cluster.subnets["shopnet"] = [
        {"subnet": "a", "type": "subnet", "cidr": "10.40.0.0/24", "vnet": "shopnet"},
        {"subnet": "b", "type": "subnet", "cidr": "fd40::/64", "vnet": "shopnet"},
    ]
    recorded = Recorded(Client(ProxmoxApplication(cloud, control)))
    for path, given in _prepared():
        token = credential("")
        name = f"{token['user']}!{token['token_name']}={token['token_value']}"
        created = recorded.client.post(
            f"/api2/json/nodes/pve1/{path}",
            data=given,
            headers={"Authorization": f"PVEAPIToken={name}"},
        )
        assert created.status_code == 200, created.status
    return recorded


def _prepared() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "qemu", MACHINE
    yield "lxc", CONTAINER
    yield "qemu/101/status/start", {}
    yield "qemu/101/snapshot", {"snapname": "before", "description": "Before the update"}
    yield "lxc/102/snapshot", {"snapname": "before"}
