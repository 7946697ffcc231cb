"""A new cluster: three nodes, their storages and bridges, and templates to clone."""

from __future__ import annotations

import uuid
from typing import Final

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.state import (
    GIB,
    MIB,
    Bridge,
    Cluster,
    Guest,
    Node,
    Storage,
    Value,
    Volume,
)

CLUSTER: Final = "frankfurt"
NODES: Final = ("pve1", "pve2", "pve3")
_CREATED: Final = 1_757_930_400  # 2025-09-15
_NAMESPACE: Final = uuid.UUID("6f1d5f0e-3f0f-4c38-9a3c-0d7d3d6a52c1")

TEMPLATES: Final = (
    (9000, "ubuntu-24.04", 3584 * MIB, "l26"),
    (9001, "debian-12", 3 * GIB, "l26"),
)
CONTAINER_TEMPLATE: Final = (9002, "debian-12-standard", 4 * GIB)
_FILES: Final = (
    ("iso/debian-12.11.0-amd64-netinst.iso", "iso", "iso", 660 * MIB),
    ("iso/ubuntu-24.04.3-live-server-amd64.iso", "iso", "iso", 3 * GIB),
    ("vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "vztmpl", "tzst", 120 * MIB),
    ("vztmpl/ubuntu-24.04-standard_24.04-2_amd64.tar.zst", "vztmpl", "tzst", 130 * MIB),
    ("import/debian-12-genericcloud-amd64.qcow2", "import", "qcow2", 330 * MIB),
)


def build_empty(transition_seconds: float) -> Cluster:
    """Return a cluster with templates and without any other guest."""
    cluster = Cluster(CLUSTER, transition_seconds)
    for number, name in enumerate(NODES, 1):
        cluster.nodes[name] = Node(name, number, cores=32, memory=256 * GIB)
        cluster.bridges += [
            Bridge(
                "vmbr0",
                name,
                cidr=f"10.20.0.{10 + number}/24",
                cidr6=f"fd20::{10 + number}/64",
                comments="office",
            ),
            Bridge("vmbr1", name, comments="storage", vlan_aware=True),
        ]
    disks, files = ("images", "rootdir"), ("iso", "vztmpl", "import", "backup")
    for storage in (
        Storage("local", "dir", files, shared=False, total=200 * GIB),
        Storage("local-lvm", "lvmthin", disks, shared=False, total=2000 * GIB),
        Storage("ceph", "rbd", disks, shared=True, total=20_000 * GIB),
        Storage("nas", "nfs", (*files, "snippets"), shared=True, total=8000 * GIB),
    ):
        cluster.storages[storage.name] = storage
    for name, content, kind, size in _FILES:
        cluster.add_volume(Volume("nas", "", name, size, content, kind, _CREATED))
    for vmid, name, size, ostype in TEMPLATES:
        _add_template(cluster, vmid, name, size, ostype)
    _add_container_template(cluster)
    return cluster


def identity(vmid: int) -> dict[str, Value]:
    """Return the identifying fields of a VM, the same in every run."""
    return {
        "smbios1": f"uuid={uuid.uuid5(_NAMESPACE, str(vmid))}",
        "vmgenid": str(uuid.uuid5(_NAMESPACE, f"generation-{vmid}")),
        "meta": f"creation-qemu=10.0.2,ctime={_CREATED + vmid * 3600}",
    }


def mac_address(vmid: int) -> str:
    """Return the MAC address of a network card, the same in every run."""
    return f"BC:24:11:{vmid >> 16 & 255:02X}:{vmid >> 8 & 255:02X}:{vmid & 255:02X}"


def _add_template(cluster: Cluster, vmid: int, name: str, size: int, ostype: str) -> None:
    disk = Volume("ceph", "", f"base-{vmid}-disk-0", size, "images", "raw", _CREATED, vmid)
    cluster.add_volume(disk)
    guest = Guest(vmid, "qemu", NODES[0], {})
    cluster.guests[vmid] = guest
    guest.config = {
        **identity(vmid),
        "agent": "1",
        "boot": "order=scsi0",
        "cores": 1,
        "ide2": drives.cloudinit(cluster, guest, "ceph"),
        "memory": "1024",
        "name": name,
        "net0": f"virtio={mac_address(vmid)},bridge=vmbr0",
        "ostype": ostype,
        "scsi0": drives.to_value(disk.volid, {"size": drives.to_text(size)}),
        "scsihw": "virtio-scsi-single",
        "serial0": "socket",
        "template": 1,
    }


def _add_container_template(cluster: Cluster) -> None:
    vmid, name, size = CONTAINER_TEMPLATE
    disk = Volume("ceph", "", f"base-{vmid}-disk-0", size, "rootdir", "raw", _CREATED, vmid)
    cluster.add_volume(disk)
    address = mac_address(vmid)
    config: dict[str, Value] = {
        "arch": "amd64",
        "cores": 1,
        "hostname": name,
        "memory": 512,
        "net0": f"name=eth0,bridge=vmbr0,hwaddr={address},ip=dhcp,type=veth",
        "ostype": "debian",
        "rootfs": drives.to_value(disk.volid, {"size": drives.to_text(size)}),
        "swap": 512,
        "template": 1,
        "unprivileged": 1,
    }
    cluster.guests[vmid] = Guest(vmid, "lxc", NODES[0], config)
