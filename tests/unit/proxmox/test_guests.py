"""What a configuration and a status say: state, size, disks, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from providers.proxmox.drives import boot_slot, drives, has_cloudinit, to_bytes
from providers.proxmox.guests import Machine, Place
from providers.proxmox.instances import to_instance
from providers.proxmox.notes import Mark
from providers.proxmox.states import LOCKS, STATES, TASKS, to_state
from providers.proxmox.tasks import to_running
from skyclust.errors import UnexpectedAnswer
from skyclust.model.instance import InstanceState
from tests.unit.proxmox.documented_errors import catalogue

GIB = 1024**3


def machine(
    status: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    *,
    kind: str = "qemu",
    task: str | None = None,
    making: bool = False,
) -> Machine:
    told = {"status": "running", "qmpstatus": "running"} if status is None else status
    place = Place(101, kind, "pve1")
    return Machine(place, told, config or {}, task, Mark(making=making), frozenset({"ceph"}))


@pytest.mark.parametrize(
    ("status", "config", "task", "state"),
    [
        ({"status": "running", "qmpstatus": "running"}, {}, None, InstanceState.RUNNING),
        ({"status": "running", "qmpstatus": "paused"}, {}, None, InstanceState.SUSPENDED),
        ({"status": "running", "qmpstatus": "prelaunch"}, {}, None, InstanceState.PENDING),
        ({"status": "running", "qmpstatus": "io-error"}, {}, None, InstanceState.ERROR),
        ({"status": "running", "qmpstatus": "new-word"}, {}, None, InstanceState.UPDATING),
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
    found, native = to_state(machine(status, config, task=task))
    assert found is state
    assert native in {task, config.get("lock"), *status.values()}


def test_a_machine_that_is_not_ready_yet_is_pending() -> None:
    assert to_state(machine({"status": "stopped"}, making=True))[0] is InstanceState.PENDING
    assert to_state(machine(making=True))[0] is InstanceState.RUNNING


def test_documented_locks_have_states_that_pass_by() -> None:
    """Whatever has locked a machine, it is not told to be at rest."""
    paths = catalogue("pve-api")["paths"]
    fields = paths["/nodes/{node}/qemu/{vmid}/config"]["PUT"]["parameters"]["properties"]
    for lock in fields["lock"]["enum"]:
        state, native = to_state(machine({"status": "stopped"}, {"lock": lock}))
        assert state not in {InstanceState.RUNNING, InstanceState.STOPPED}
        assert native == lock
    assert set(LOCKS) - {"destroyed"} <= set(fields["lock"]["enum"])
    assert set(TASKS).isdisjoint(STATES)


def test_sizes_are_read_as_they_are_written() -> None:
    def type_of(config: dict[str, Any], kind: str = "qemu") -> str | None:
        return to_instance("r", machine({"status": "stopped", "cpus": 32}, config, kind=kind)).type

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


def test_disks_are_told_apart_from_what_only_looks_like_one() -> None:
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
    assert [(one.slot, one.volume, one.size) for one in drives(config)] == [
        ("scsi0", "local-lvm:vm-101-disk-0", 32 * GIB),
        ("scsi1", "ceph:vm-101-disk-1", 3584 * 1024**2),
    ]
    assert boot_slot(config) == "scsi0"
    assert boot_slot({"virtio0": "ceph:a", "scsi5": "ceph:b"}) == "virtio0"
    assert boot_slot({"rootfs": "ceph:a", "mp0": "ceph:b"}) == "rootfs"
    assert boot_slot({}) is None
    assert has_cloudinit(config)
    assert not has_cloudinit({"scsi0": "ceph:vm-101-disk-0"})
    told = to_instance("r", machine(config=config)).attributes["disks"]
    assert told == ["pve1/local-lvm:vm-101-disk-0", "ceph:vm-101-disk-1"]


def test_addresses_are_those_that_are_written_down() -> None:
    def addresses(config: dict[str, Any], kind: str) -> tuple[str, ...]:
        card = {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"}
        return to_instance("r", machine(config=card | config, kind=kind)).private_addresses

    both = "ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64"
    assert addresses({"ipconfig0": both}, "qemu") == ("10.0.0.5", "fd00::5")
    assert addresses({"ipconfig0": "ip=dhcp,ip6=auto"}, "qemu") == ()
    assert addresses({"ipconfig7": both}, "qemu") == ()  # a card that there is not
    assert addresses({"net0": f"name=eth0,bridge=vmbr0,{both}"}, "lxc") == ("10.0.0.5", "fd00::5")


def test_every_card_is_an_interface_and_addresses_of_both_families_stay() -> None:
    config = {
        "net10": "virtio=BC:24:11:00:00:03,bridge=vmbr9",
        "net2": "virtio=BC:24:11:00:00:02,bridge=vmbr1,firewall=1",
        "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
        "ipconfig0": "gw=10.0.0.1,ip=10.0.0.5/24,ip6=2a00:1450:4001:80b::5/64",
        "ipconfig2": "ip6=fd00::7/64,ip=8.8.4.4/24",
        "ipconfig10": "ip=dhcp,ip6=auto",
    }
    read = to_instance("r", machine(config=config))
    assert read.network == "vmbr0"
    assert read.private_addresses == ("10.0.0.5", "fd00::7")
    assert read.public_addresses == ("2a00:1450:4001:80b::5", "8.8.4.4")
    interfaces = read.attributes["interfaces"]
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
def test_a_share_of_a_core_is_a_size(
    config: dict[str, Any], status: dict[str, Any], size: str
) -> None:
    read = to_instance("r", machine({"status": "stopped", **status}, config, kind="lxc"))
    assert read.type == size
    limit = config.get("cpulimit")
    assert read.attributes["cpu_limit"] == (float(limit) if limit else None)


@pytest.mark.parametrize(
    ("kind", "arch", "told"),
    [
        ("qemu", None, "x86_64"),
        ("qemu", "aarch64", "arm64"),
        ("lxc", "amd64", "x86_64"),
        ("lxc", "i386", "i386"),
        ("lxc", "arm64", "arm64"),
        ("lxc", "riscv64", "riscv64"),
    ],
)
def test_architectures_are_not_all_alike(kind: str, arch: str | None, told: str) -> None:
    config = {} if arch is None else {"arch": arch}
    read = to_instance("r", machine(config=config, kind=kind))
    assert read.attributes["architecture"] == told


def test_a_machine_without_a_status_cannot_be_read() -> None:
    """No state stands for one that Proxmox VE does not tell."""
    statuses: list[dict[str, Any]] = [{}, {"status": None}, {"status": []}]
    for status in statuses:
        with pytest.raises(UnexpectedAnswer, match="status"):
            to_instance("r", machine(status))


def test_a_console_hides_no_task_that_changes_its_machine() -> None:
    """Of several tasks on one machine the newest that changes its state counts."""
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
