"""Every operation that this sandbox knows. `/api2/json` goes before each path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from skyclust_sandbox.proxmox import (
    administration,
    configuration,
    creation,
    guests,
    metrics,
    power,
    resources,
    snapshots,
)
from skyclust_sandbox.proxmox.guests import of
from skyclust_sandbox.proxmox.routing import Route

_AUDIT: Final = (("/vms/{vmid}", ("VM.Audit",)),)
_POWER: Final = (("/vms/{vmid}", ("VM.PowerMgmt",)),)
_SNAPSHOT: Final = (("/vms/{vmid}", ("VM.Snapshot",)),)
_ROLLBACK: Final = (("/vms/{vmid}", ("VM.Snapshot", "VM.Snapshot.Rollback")),)
_CONFIG: Final = (
    (
        "/vms/{vmid}",
        (
            "VM.Config.Options", "VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory",
            "VM.Config.Network", "VM.Config.Cloudinit",
        ),
    ),
)  # fmt: skip

_DRIVES: Final = r"(?:scsi|virtio|sata|ide|unused)\d+|efidisk0|tpmstate0"
_QEMU: Final = (
    rf"{_DRIVES}|net\d+|ipconfig\d+|serial\d+|name|cores|sockets|memory|balloon|cpu|ostype|boot"
    r"|scsihw|agent|tags|description|ciuser|cipassword|sshkeys|nameserver|searchdomain|cicustom"
    r"|citype|vga|onboot|protection|machine|bios|hotplug|arch|delete|digest|force|tablet|acpi"
    r"|smbios1|vmgenid|cpulimit"
)
_LXC: Final = (
    r"net\d+|mp\d+|unused\d+|rootfs|hostname|cores|memory|swap|tags|description|nameserver"
    r"|searchdomain|onboot|protection|features|ostype|arch|unprivileged|delete|digest|cmode|tty"
    r"|cpulimit"
)


def _read() -> Iterator[Route]:
    audit_cluster = (("/", ("Sys.Audit",)),)
    content = (("/storage/{storage}", ("Datastore.Audit", "Datastore.AllocateSpace")),)
    yield Route("GET", "/version", resources.version)
    yield Route("GET", "/access/permissions", resources.permissions, "path|userid")
    yield Route("GET", "/cluster/status", resources.cluster_status, needs=audit_cluster)
    yield Route("GET", "/cluster/resources", resources.list_resources, "type")
    yield Route("GET", "/cluster/nextid", guests.next_id, "vmid")
    yield Route("GET", "/cluster/sdn/vnets", resources.vnets, "pending|running")
    yield Route("GET", "/cluster/sdn/vnets/{vnet}/subnets", resources.subnets, "pending|running")
    yield Route("GET", "/nodes", resources.nodes)
    yield Route("GET", "/nodes/{node}/network", resources.networks, "type")
    storage_list = "content|enabled|format|storage|target"
    yield Route("GET", "/nodes/{node}/storage", resources.storages, storage_list)
    path = "/nodes/{node}/storage/{storage}/content"
    yield Route("GET", path, resources.contents, "content|vmid", content)
    space = (("/storage/{storage}", ("Datastore.AllocateSpace",)),)
    required = ("filename", "size", "vmid")
    yield Route(
        "POST", path, administration.add_content, "filename|size|vmid|format", space, required
    )
    volume_path = f"{path}/{{volume}}"
    # https://git.proxmox.com/?p=pve-storage.git;a=blob;f=src/PVE/API2/Storage/Content.pm
    remove = (("/storage/{storage}", ("Datastore.Allocate",)),)
    yield Route("DELETE", volume_path, administration.remove_content, "delay", remove)
    tasks = "errors|limit|since|source|start|statusfilter|typefilter|until|userfilter|vmid"
    yield Route("GET", "/nodes/{node}/tasks", resources.node_tasks, tasks)
    yield Route("GET", "/nodes/{node}/tasks/{upid}/status", resources.task_status)
    modify = (("/nodes/{node}", ("Sys.Modify",)),)
    bridge = "iface|type|cidr|cidr6|comments|autostart|bridge_ports|bridge_vlan_aware"
    path, add = "/nodes/{node}/network", administration.add_bridge
    yield Route("POST", path, add, bridge, modify, ("iface", "type"))
    yield Route("PUT", path, administration.apply_bridges, "regenerate-frr", modify)
    off = (("/nodes/{node}", ("Sys.PowerMgmt",)),)
    yield Route(
        "POST", "/nodes/{node}/status", administration.shut_down, "command", off, ("command",)
    )


def _guest(kind: str) -> Iterator[Route]:
    kind_path, guest_path = f"/nodes/{{node}}/{kind}", f"/nodes/{{node}}/{kind}/{{vmid}}"
    config = _QEMU if kind == "qemu" else _LXC
    yield Route("GET", kind_path, of(kind, guests.get_list), "full")
    yield Route("GET", f"{guest_path}/status/current", of(kind, guests.get_status), needs=_AUDIT)
    yield Route(
        "GET", f"{guest_path}/config", of(kind, guests.get_config), "current|snapshot", _AUDIT
    )
    points = of(kind, metrics.get_points)
    rrd = f"{guest_path}/rrddata"
    yield Route("GET", rrd, points, "timeframe|cf", _AUDIT, ("timeframe",))
    yield Route("GET", f"{guest_path}/pending", of(kind, guests.get_pending), needs=_AUDIT)
    yield Route("GET", f"{guest_path}/snapshot", of(kind, guests.get_snapshots), needs=_AUDIT)
    update = of(kind, configuration.update_synchronously)
    yield Route("PUT", f"{guest_path}/config", update, config, _CONFIG)
    if kind == "qemu":
        update = of(kind, configuration.update_by_task)
        yield Route("POST", f"{guest_path}/config", update, config, _CONFIG)
    grow = of(kind, snapshots.resize)
    disk = (("/vms/{vmid}", ("VM.Config.Disk",)),)
    yield Route("PUT", f"{guest_path}/resize", grow, "disk|size|digest", disk, ("disk", "size"))
    allocate = (("/vms/{vmid}", ("VM.Allocate",)),)
    remove = "purge|destroy-unreferenced-disks"
    yield Route("DELETE", guest_path, of(kind, power.destroy), remove, allocate)
    template = of(kind, administration.to_template)
    yield Route("POST", f"{guest_path}/template", template, "disk", allocate)
    move, moving = of(kind, administration.migrate), (("/vms/{vmid}", ("VM.Migrate",)),)
    accepted = "target|online|with-local-disks" if kind == "qemu" else "target|online|restart"
    yield Route("POST", f"{guest_path}/migrate", move, accepted, moving, ("target",))
    yield from _copies(kind, kind_path, guest_path, config)
    yield from _power(kind, guest_path)
    yield from _snapshots(kind, guest_path)


def _copies(kind: str, kind_path: str, guest_path: str, config: str) -> Iterator[Route]:
    name = "name" if kind == "qemu" else "hostname"
    both = (("/vms/{vmid}", ("VM.Clone",)), ("/vms/{newid}", ("VM.Allocate",)))
    accepted = f"newid|{name}|description|full|storage|target|pool|snapname|format|bwlimit"
    yield Route("POST", f"{guest_path}/clone", of(kind, creation.clone), accepted, both, ("newid",))
    only = "vmid|start|storage|pool|unique"
    if kind == "lxc":
        only += "|ostemplate|password|ssh-public-keys"
    required = ("vmid", "ostemplate") if kind == "lxc" else ("vmid",)
    make = of(kind, creation.create)
    yield Route(
        "POST", kind_path, make, f"{only}|{config}", (("/vms/{vmid}", ("VM.Allocate",)),), required
    )


def _power(kind: str, guest_path: str) -> Iterator[Route]:
    yield Route("POST", f"{guest_path}/status/start", of(kind, power.start), "timeout", _POWER)
    stop = "timeout|overrule-shutdown|keepActive"
    yield Route("POST", f"{guest_path}/status/stop", of(kind, power.stop), stop, _POWER)
    shutdown = "timeout|forceStop|keepActive"
    yield Route("POST", f"{guest_path}/status/shutdown", of(kind, power.shutdown), shutdown, _POWER)
    yield Route("POST", f"{guest_path}/status/reboot", of(kind, power.reboot), "timeout", _POWER)
    if kind == "qemu":
        yield Route(
            "POST", f"{guest_path}/status/suspend", of(kind, power.suspend), "todisk", _POWER
        )
        yield Route(
            "POST", f"{guest_path}/status/resume", of(kind, power.resume), "nocheck", _POWER
        )


def _snapshots(kind: str, guest_path: str) -> Iterator[Route]:
    accepted = "snapname|description" + ("|vmstate" if kind == "qemu" else "")
    take = of(kind, snapshots.take)
    yield Route("POST", f"{guest_path}/snapshot", take, accepted, _SNAPSHOT, ("snapname",))
    path = f"{guest_path}/snapshot/{{snapname}}"
    yield Route("DELETE", path, of(kind, snapshots.remove), "force", _SNAPSHOT)
    back = of(kind, snapshots.rollback)
    yield Route("POST", f"{path}/rollback", back, "start", _ROLLBACK)
    if kind == "qemu":
        disk = (("/vms/{vmid}", ("VM.Config.Disk",)),)
        accepted = "disk|target-vmid|target-disk|storage|format|delete|bwlimit|digest"
        yield Route(
            "POST",
            f"{guest_path}/move_disk",
            of(kind, snapshots.move_disk),
            accepted,
            disk,
            ("disk",),
        )


ROUTES: Final = (*_read(), *_guest("qemu"), *_guest("lxc"))
"""In the order in which they are tried; no two have the same paths."""
