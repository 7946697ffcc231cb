"""What a configuration and a status say: state, size, disks, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from providers.proxmox.drives import boot_slot, drives, has_cloudinit, to_bytes
from providers.proxmox.instances import LOCKS, STATES, TASKS, to_instance, to_state
from providers.proxmox.machines import Machine, Place
from providers.proxmox.notes import Mark
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
    def type_of(config: dict[str, Any], kind: str = "qemu") -> str:
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
        0,
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
        return to_instance("r", machine(config=config, kind=kind)).private_addresses

    both = "ip=10.0.0.5/24,gw=10.0.0.1,ip6=fd00::5/64"
    assert addresses({"ipconfig0": both}, "qemu") == ("10.0.0.5", "fd00::5")
    assert addresses({"ipconfig0": "ip=dhcp,ip6=auto"}, "qemu") == ()
    assert addresses({"net0": f"name=eth0,bridge=vmbr0,{both}"}, "lxc") == ("10.0.0.5", "fd00::5")
