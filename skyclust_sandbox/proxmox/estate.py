"""The cluster of a company after some years: about 120 VMs and containers, and unused disks.

Nothing here is random: the same seed gives the same cluster in every run.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.seed import NODES, build_empty, identity, mac_address
from skyclust_sandbox.proxmox.state import (
    GIB,
    Bridge,
    Cluster,
    Guest,
    Snapshot,
    Value,
    Volume,
)

POOLS: Final = {"shop": "Web shop", "erp": "Finance", "lab": "Experiments, may be deleted"}
_CREATED: Final = 1_640_000_000  # 2021-12-20
_DAY: Final = 86_400


@dataclass(frozen=True)
class _Fleet:
    """Guests of one kind. Memory is in MiB, disks are in GiB."""

    name: str
    pool: str
    count: int
    cores: int
    memory: int
    disks: tuple[int, ...]
    tags: str


_VMS: Final = (
    _Fleet("shop-web", "shop", 14, 4, 8192, (32,), "prod;shop;web"),
    _Fleet("shop-db", "shop", 3, 16, 65536, (64, 800), "db;prod;shop"),
    _Fleet("shop-cache", "shop", 3, 2, 16384, (32,), "prod;shop"),
    _Fleet("shop-web-stage", "shop", 4, 2, 4096, (32,), "shop;stage;web"),
    _Fleet("erp-app", "erp", 6, 8, 32768, (80,), "erp;prod"),
    _Fleet("erp-db", "erp", 2, 16, 131072, (80, 1200), "db;erp;prod"),
    _Fleet("win-terminal", "erp", 5, 8, 16384, (120,), "erp;windows"),
    _Fleet("ci-runner", "lab", 12, 8, 16384, (100,), "ci"),
    _Fleet("k8s-node", "", 9, 8, 32768, (100, 200), "k8s;prod"),
    _Fleet("mail", "", 2, 4, 8192, (200,), "prod"),
    _Fleet("test", "lab", 10, 2, 2048, (20,), ""),
    _Fleet("old-intranet", "", 1, 1, 1024, (40,), "do-not-touch"),
)
_CONTAINERS: Final = (
    _Fleet("dns", "", 3, 1, 512, (8,), "infra;prod"),
    _Fleet("proxy", "", 3, 2, 1024, (8,), "infra;prod"),
    _Fleet("monitoring", "", 2, 4, 8192, (100,), "infra"),
    _Fleet("git", "", 1, 4, 8192, (200,), "infra;prod"),
    _Fleet("build-cache", "lab", 6, 2, 4096, (60,), "ci"),
    _Fleet("dev", "lab", 30, 2, 2048, (16,), "dev"),
    _Fleet("wiki", "", 1, 2, 2048, (30,), "prod"),
)
_STOPPED: Final = frozenset({"test-03", "test-07", "win-terminal-05", "old-intranet-01", "dev-11"})
_PAUSED: Final = frozenset({"test-02"})
_LOCKED: Final = {"mail-02": "backup", "erp-app-04": "migrate"}


def build_estate(transition_seconds: float) -> Cluster:
    """Return the cluster of a company after some years of use."""
    cluster = build_empty(transition_seconds)
    cluster.pools.update(POOLS)
    cluster.bridges += [
        Bridge("vmbr9", "pve2", comments="left from the old firewall"),
        Bridge("shopnet", zone="prod", tag=100, comments="Web shop"),
        Bridge("erpnet", zone="prod", tag=200, comments="Finance"),
    ]
    cluster.subnets["shopnet"] = [_subnet("shopnet", "10.40.0.0/24", "10.40.0.1")]
    cluster.subnets["erpnet"] = [
        _subnet("erpnet", "10.41.0.0/24", "10.41.0.1"),
        _subnet("erpnet", "10.42.0.0/24", ""),
    ]
    vmid = 100
    for add, fleets in ((_add_vm, _VMS), (_add_container, _CONTAINERS)):
        for fleet in fleets:
            for number in range(1, fleet.count + 1):
                add(cluster, vmid, f"{fleet.name}-{number:02}", fleet)
                vmid += 1
    _add_unused_disks(cluster)
    return cluster


def _subnet(vnet: str, cidr: str, gateway: str) -> dict[str, Value]:
    known: dict[str, Value] = {
        "subnet": f"prod-{cidr.replace('/', '-')}",
        "type": "subnet",
        "cidr": cidr,
        "vnet": vnet,
        "zone": "prod",
        "network": cidr.partition("/")[0],
        "mask": cidr.partition("/")[2],
    }
    return {**known, "gateway": gateway} if gateway else known


def _add_vm(cluster: Cluster, vmid: int, name: str, fleet: _Fleet) -> None:
    node = NODES[vmid % 3]
    guest = Guest(vmid, "qemu", node, {}, pool=fleet.pool)
    storage = "ceph" if "prod" in fleet.tags else "local-lvm"
    bridge = {"shop": "shopnet", "erp": "erpnet"}.get(fleet.pool, "vmbr0")
    guest.config = {
        **identity(vmid),
        "agent": "1",
        "boot": "order=scsi0",
        "cores": fleet.cores,
        "memory": str(fleet.memory),
        "name": name,
        "net0": f"virtio={mac_address(vmid)},bridge={bridge},firewall=1",
        "onboot": 1,
        "ostype": "win11" if "windows" in fleet.tags else "l26",
        "scsihw": "virtio-scsi-single",
        "sockets": 1,
    }
    for index, size in enumerate(fleet.disks):
        guest.config[f"scsi{index}"] = _disk(cluster, guest, storage, size)
    if bridge == "shopnet":
        guest.config["ipconfig0"] = f"ip=10.40.0.{vmid - 90}/24,gw=10.40.0.1"
    _finish(cluster, guest, fleet.tags)


def _add_container(cluster: Cluster, vmid: int, name: str, fleet: _Fleet) -> None:
    guest = Guest(vmid, "lxc", NODES[vmid % 3], {}, pool=fleet.pool)
    address = f"ip=10.20.1.{vmid - 100}/23,gw=10.20.0.1" if "infra" in fleet.tags else "ip=dhcp"
    guest.config = {
        "arch": "amd64",
        "cores": fleet.cores,
        "hostname": name,
        "memory": fleet.memory,
        "net0": f"name=eth0,bridge=vmbr0,hwaddr={mac_address(vmid)},{address},type=veth",
        "ostype": "debian",
        "rootfs": _disk(cluster, guest, "local-lvm", fleet.disks[0]),
        "swap": 512,
        "unprivileged": 1,
    }
    _finish(cluster, guest, fleet.tags)


def _disk(cluster: Cluster, guest: Guest, storage: str, size_gib: int) -> str:
    volume = drives.allocate(cluster, guest, storage, size_gib * GIB)
    volume.ctime = _CREATED + guest.vmid * _DAY
    return drives.to_value(volume.volid, {"size": f"{size_gib}G"})


def _finish(cluster: Cluster, guest: Guest, tags: str) -> None:
    if tags:
        guest.config["tags"] = tags
    guest.running = guest.name not in _STOPPED
    guest.paused = guest.name in _PAUSED
    guest.started_at = time.time() - 30 * _DAY
    if guest.name in _LOCKED:
        guest.config["lock"] = _LOCKED[guest.name]
    cluster.guests[guest.vmid] = guest
    if guest.vmid % 7 == 0:
        _add_snapshot(guest, "before-update", "Before the update")
    if guest.vmid % 21 == 0:
        _add_snapshot(guest, "before-move", "")


def _add_snapshot(guest: Guest, name: str, description: str) -> None:
    created = _CREATED + (guest.vmid + 400 + len(guest.snapshots)) * _DAY
    parent = str(guest.config.get("parent", ""))
    guest.snapshots[name] = Snapshot(name, description, created, parent, dict(guest.config), {})
    guest.config["parent"] = name


def _add_unused_disks(cluster: Cluster) -> None:
    """Add disks of deleted guests, and unused disks."""
    for number, vmid in enumerate((404, 417, 433)):
        name = f"vm-{vmid}-disk-0"
        size = (50 + 100 * number) * GIB
        cluster.add_volume(Volume("ceph", "", name, size, "images", "raw", _CREATED, vmid))
    stray = Volume("local-lvm", "pve3", "vm-388-disk-1", 32 * GIB, "images", "raw", _CREATED, 388)
    cluster.add_volume(stray)
    guest = cluster.guests[100]
    unused = drives.allocate(cluster, guest, "ceph", 200 * GIB)
    guest.config["unused0"] = unused.volid
    _add_variety(cluster)
    guest.config["description"] = "Ask Jutta before you touch this.\n\nMoved from the old rack."


def _add_variety(cluster: Cluster) -> None:
    """Add rare features: several cards, both address families, a fraction of a core."""
    by_name = {guest.name: guest for guest in cluster.guests.values()}
    router = by_name["old-intranet-01"]
    router.config |= {
        "net1": f"virtio={mac_address(router.vmid + 5000)},bridge=vmbr1",
        "net10": f"virtio={mac_address(router.vmid + 6000)},bridge=vmbr0",
        "ipconfig0": "ip=10.20.0.200/24,gw=10.20.0.1,ip6=fd20::200/64",
        "ipconfig1": "ip=dhcp,ip6=2a00:1450:4001:80b::5/64",
        "ipconfig10": "ip6=fd20::210/64",
    }
    shared = by_name["dev-01"]
    del shared.config["cores"]
    shared.config |= {
        "cpulimit": "0.5",
        "net1": f"name=eth1,bridge=vmbr1,hwaddr={mac_address(shared.vmid + 5000)},"
        "ip=10.30.0.9/24,ip6=fd30::9/64,type=veth",
    }
    cardless = by_name["dev-02"]
    del cardless.config["net0"]
    cluster.subnets["erpnet"].append(_subnet("erpnet", "fd41::/64", "fd41::1"))
