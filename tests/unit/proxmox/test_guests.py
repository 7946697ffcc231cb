"""Reading a guest: state, size, disks and addresses from its configuration and status."""

from __future__ import annotations

from typing import Any

import pytest

from providers.proxmox.drives import boot_slot, drives, has_cloudinit, to_bytes
from providers.proxmox.guest_records import Guest, Location
from providers.proxmox.instances import to_instance
from providers.proxmox.notes import Metadata
from providers.proxmox.states import LOCKS, STATES, TASKS, to_state
from providers.proxmox.tasks import to_running
from skyclust.errors import UnexpectedAnswer
from skyclust.model.instance import InstanceState
from tests.unit.proxmox.documented_errors import catalogue

GIB = 1024**3


def guest(
    status: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    *,
    kind: str = "qemu",
    task: str | None = None,
    incomplete: bool = False,
) -> Guest:
    if status is None:
        status = {"status": "running", "qmpstatus": "running"}
    metadata = Metadata(incomplete=incomplete)
    location = Location(101, kind, "pve1")
    return Guest(location, status, config or {}, task, metadata, frozenset({"ceph"}))


@pytest.mark.parametrize(
    ("status", "config", "task", "state"),
    [
        ({"status": "running", "qmpstatus": "running"}, {}, None, InstanceState.RUNNING),
        ({"status": "running", "qmpstatus": "paused"}, {}, None, InstanceState.SUSPENDED),
        ({"status": "running", "qmpstatus": "prelaunch"}, {}, None, InstanceState.PENDING),
        ({"status": "running", "qmpstatus": "io-error"}, {}, None, InstanceState.ERROR),
        ({"status": "running", "qmpstatus": "new-state"}, {}, None, InstanceState.UPDATING),
        ({"status": "running"}, {}, None, InstanceState.RUNNING),
        ({"status": "stopped", "qmpstatus": "stopped"}, {}, None, InstanceState.STOPPED),
        ({"status": "stopped"}, {"lock": "clone"}, None, InstanceState.PENDING),
        ({"status": "stopped"}, {"lock": "suspended"}, None, InstanceState.SUSPENDED),
        ({"status": "running"}, {"lock": "backup"}, None, InstanceState.UPDATING),
        ({"status": "running"}, {}, "qmshutdown", InstanceState.STOPPING),
        ({"status": "stopped"}, {}, "vzdestroy", InstanceState.DELETING),
        ({"status": "running"}, {}, "qmreboot", InstanceState.UPDATING),
        ({"status": "running"}, {}, "vncproxy", InstanceState.RUNNING),
        ({"status": "running"}, {"lock": "rollback"}, "qmrollback", InstanceState.UPDATING),
    ],
)
def test_states(
    status: dict[str, Any], config: dict[str, Any], task: str | None, state: InstanceState
) -> None:
    actual, native_state = to_state(guest(status, config, task=task))
    assert actual is state
    assert native_state in {task, config.get("lock"), *status.values()}


def test_a_stopped_guest_whose_creation_is_incomplete_is_pending() -> None:
    assert to_state(guest({"status": "stopped"}, incomplete=True))[0] is InstanceState.PENDING
    assert to_state(guest(incomplete=True))[0] is InstanceState.RUNNING


def test_every_documented_lock_has_a_transitional_state() -> None:
    """A locked guest is reported neither as running nor as stopped."""
    paths = catalogue("pve-api")["paths"]
    fields = paths["/nodes/{node}/qemu/{vmid}/config"]["PUT"]["parameters"]["properties"]
    for lock in fields["lock"]["enum"]:
        state, native_state = to_state(guest({"status": "stopped"}, {"lock": lock}))
        assert state not in {InstanceState.RUNNING, InstanceState.STOPPED}
        assert native_state == lock
    assert set(LOCKS) - {"destroyed"} <= set(fields["lock"]["enum"])
    assert set(TASKS).isdisjoint(STATES)


def test_the_type_is_the_configured_size() -> None:
    def type_of(config: dict[str, Any], kind: str = "qemu") -> str | None:
        return to_instance("r", guest({"status": "stopped", "cpus": 32}, config, kind=kind)).type

    assert type_of({}) == "1c512m"
    assert type_of({"cores": 2, "sockets": 2, "memory": "4096"}) == "4c4g"
    assert type_of({"cores": "3", "memory": "current=1536"}) == "3c1536m"
    assert type_of({"cores": 2, "memory": 1024}, "lxc") == "2c1g"
    assert type_of({"memory": 1024}, "lxc") == "32c1g"
    assert [to_bytes(text) for text in ("32G", "3584M", "512K", "1T", "4096", "x")] == [
        32 * GIB,
        3584 * 1024**2,
        512 * 1024,
        1024 * GIB,
        4096,
        None,
    ]


def test_cds_and_cloud_init_are_not_disks() -> None:
    config = {
        "scsi0": "local-lvm:vm-101-disk-0,iothread=1,size=32G",
        "scsi1": "file=ceph:vm-101-disk-1,size=3584M",
        "ide2": "ceph:vm-101-cloudinit,media=cdrom,size=4M",
        "sata0": "nas:iso/debian.iso,media=cdrom",
        "ide0": "none,media=cdrom",
        "scsi3": "/dev/sdb",
        "unused0": "ceph:vm-101-disk-7",
        "scsihw": "virtio-scsi-single",
        "boot": "order=ide2;scsi0;net0",
    }
    assert [(drive.slot, drive.volume, drive.size) for drive in drives(config)] == [
        ("scsi0", "local-lvm:vm-101-disk-0", 32 * GIB),
        ("scsi1", "ceph:vm-101-disk-1", 3584 * 1024**2),
    ]
    assert boot_slot(config) == "scsi0"
    assert boot_slot({"virtio0": "ceph:a", "scsi5": "ceph:b"}) == "virtio0"
    assert boot_slot({"rootfs": "ceph:a", "mp0": "ceph:b"}) == "rootfs"
    assert boot_slot({}) is None
    assert has_cloudinit(config)
    assert not has_cloudinit({"scsi0": "ceph:vm-101-disk-0"})
    disks = to_instance("r", guest(config=config)).attributes["disks"]
    assert disks == ["pve1/local-lvm:vm-101-disk-0", "ceph:vm-101-disk-1"]


def test_configured_addresses_are_read() -> None:
    def addresses(config: dict[str, Any], kind: str) -> tuple[str, ...]:
        card = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
        return to_instance("r", guest(config=card | config, kind=kind)).private_addresses

    both = "ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64"
    assert addresses({"ipconfig0": both}, "qemu") == ("10.0.0.5", "fd00::5")
    assert addresses({"ipconfig0": "ip=dhcp,ip6=auto"}, "qemu") == ()
    assert addresses({"ipconfig7": both}, "qemu") == ()  # there is no card with this number
    assert addresses({"net0": f"name=eth0,bridge=vmbr0,{both}"}, "lxc") == ("10.0.0.5", "fd00::5")


def test_every_card_is_an_interface_with_addresses_of_both_families() -> None:
    config = {
        "net10": "virtio=BC:24:11:00:00:03,bridge=vmbr9",
        "net2": "virtio=BC:24:11:00:00:02,bridge=vmbr1,firewall=1",
        "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
        "ipconfig0": "gw=10.0.0.1,ip=10.0.0.5/24,ip6=2a00:1450:4001:80b::5/64",
        "ipconfig2": "ip6=fd00::7/64,ip=8.8.4.4/24",
        "ipconfig10": "ip=dhcp,ip6=auto",
    }
    instance = to_instance("r", guest(config=config))
    assert instance.network == "vmbr0"
    assert instance.private_addresses == ("10.0.0.5", "fd00::7")
    assert instance.public_addresses == ("2a00:1450:4001:80b::5", "8.8.4.4")
    interfaces = instance.attributes["interfaces"]
    assert isinstance(interfaces, list)
    assert interfaces == [
        {
            "network": "vmbr0",
            "subnet": None,
            "private_addresses": ["10.0.0.5"],
            "public_addresses": ["2a00:1450:4001:80b::5"],
        },
        {
            "network": "vmbr1",
            "subnet": None,
            "private_addresses": ["fd00::7"],
            "public_addresses": ["8.8.4.4"],
        },
        {"network": "vmbr9", "subnet": None, "private_addresses": [], "public_addresses": []},
    ]


@pytest.mark.parametrize(
    ("config", "status", "size"),
    [
        ({"memory": "512", "cpulimit": "0.5"}, {"cpus": "0.5"}, "0.5c512m"),
        ({"memory": 1024, "cores": "2", "cpulimit": 1.5}, {"cpus": 2}, "2c1g"),
        ({"memory": 1024}, {"cpus": "16"}, "16c1g"),
        ({"memory": 1024}, {}, ""),
        ({"memory": "much", "cores": 1}, {}, ""),
        ({"cores": 1}, {}, "1c512m"),
    ],
)
def test_a_fraction_of_a_core_is_a_size(
    config: dict[str, Any], status: dict[str, Any], size: str
) -> None:
    instance = to_instance("r", guest({"status": "stopped", **status}, config, kind="lxc"))
    assert instance.type == size
    limit = config.get("cpulimit")
    assert instance.attributes["cpu_limit"] == (float(limit) if limit else None)


@pytest.mark.parametrize(
    ("kind", "arch", "expected"),
    [
        ("qemu", None, "x86_64"),
        ("qemu", "aarch64", "arm64"),
        ("lxc", "amd64", "x86_64"),
        ("lxc", "i386", "i386"),
        ("lxc", "arm64", "arm64"),
        ("lxc", "riscv64", "riscv64"),
    ],
)
def test_architectures(kind: str, arch: str | None, expected: str) -> None:
    config = {} if arch is None else {"arch": arch}
    instance = to_instance("r", guest(config=config, kind=kind))
    assert instance.attributes["architecture"] == expected


def test_a_guest_without_a_status_cannot_be_read() -> None:
    """There is no default for a missing status."""
    statuses: list[dict[str, Any]] = [{}, {"status": None}, {"status": []}]
    for status in statuses:
        with pytest.raises(UnexpectedAnswer, match="status"):
            to_instance("r", guest(status))


def test_a_console_task_does_not_hide_a_task_that_changes_the_state() -> None:
    """The newest task of a guest that changes its state counts."""
    newest_first: list[Any] = [
        {"id": "101", "type": "vncproxy"},
        {"id": "101", "type": "qmshutdown", "starttime": 7},
        {"id": "101", "type": "qmstart", "endtime": 9, "status": "OK"},
        {"id": 102, "type": "vzstart"},
        {"id": "103", "type": "vzstart", "status": "OK"},
        {"id": "", "type": "qmstart"},
        {"type": "qmstart"},
        None,
    ]
    assert to_running(newest_first) == {101: "qmshutdown", 102: "vzstart"}
