"""Changing VMs and containers: states, locks, failed tasks, disks, snapshots, tags."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import BareClient, ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, becomes, finished, reference

pytestmark = pytest.mark.integration


@pytest.fixture
def estate(proxmox_estate: ProxmoxSandbox) -> ProxmoxProvider:
    """Return a provider for the estate."""
    return ProxmoxProvider(proxmox_estate.credential())


def named(provider: ProxmoxProvider, name: str) -> str:
    pages = provider.list_resources(CLUSTER, ResourceKind.INSTANCE)
    return next(one.id for page in pages for one in page if one.name == name)


def test_the_lifecycle_of_a_container(provider: ProxmoxProvider, spec: Spec) -> None:
    created = provider.create_instance(spec(image="9002"), "t-1")
    assert not provider.must_stop_to_resize(created, "2c2g")
    provider.resize_instance(created.reference, "2c2g")
    assert provider.get_instance(CLUSTER, created.id).type == "2c2g"
    provider.reboot_instance(created.reference)
    becomes(provider, created.id, InstanceState.RUNNING)
    kept = provider.create_snapshot(created.reference, "before", "t-2")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    provider.resize_instance(created.reference, "1c1g")
    assert provider.restore_snapshot(created.reference, kept.id, "t-3")
    assert provider.get_instance(CLUSTER, created.id).type == "2c2g"
    provider.start_instance(created.reference)
    becomes(provider, created.id, InstanceState.RUNNING)
    provider.delete_instance(created.reference)
    with pytest.raises(NotFound):
        provider.get_instance(CLUSTER, created.id)


def test_a_guest_that_ignores_the_shutdown_is_powered_off(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare.put(f"nodes/pve1/qemu/{created.id}/config", tags="ignores-acpi")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)


def test_a_paused_vm_is_suspended_and_resumed(estate: ProxmoxProvider) -> None:
    paused = named(estate, "test-02")
    read = estate.get_instance(CLUSTER, paused)
    assert (read.state, read.native_state) == (InstanceState.SUSPENDED, "paused")
    estate.start_instance(reference(estate, paused))
    becomes(estate, paused, InstanceState.RUNNING)


@pytest.mark.parametrize(("name", "lock"), [("mail-02", "backup"), ("erp-app-04", "migrate")])
def test_a_change_of_a_locked_guest_is_a_conflict(
    estate: ProxmoxProvider, name: str, lock: str
) -> None:
    guest = named(estate, name)
    read = estate.get_instance(CLUSTER, guest)
    assert (read.state, read.native_state) == (InstanceState.UPDATING, lock)
    changes: list[Callable[[], object]] = [
        lambda: estate.stop_instance(reference(estate, guest)),
        lambda: estate.start_instance(reference(estate, guest)),
        lambda: estate.create_snapshot(reference(estate, guest), "nightly", "t-1"),
        lambda: estate.resize_instance(reference(estate, guest), "1c1g"),
    ]
    for change in changes:
        with pytest.raises(Conflict, match=lock) as refused:
            change()
        assert refused.value.provider == "proxmox"


def test_a_failed_task_is_an_error(provider: ProxmoxProvider, bare: BareClient, spec: Spec) -> None:
    """Its status is `stopped` like that of any other task; only the exit status differs."""
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    bare.put(f"nodes/pve1/qemu/{created.id}/config", cores=64)
    with pytest.raises(SkyClustError, match="MAX 32 vcpus") as failed:
        provider.start_instance(created.reference)
    assert failed.value.code == "task"


def test_a_pending_size_is_not_the_current_size(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    """A pending change of the configuration has no effect until the next start."""
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare.put(f"nodes/pve1/qemu/{created.id}/config", cores=2)
    assert provider.get_instance(CLUSTER, created.id).type == "1c1g"
    assert provider.must_stop_to_resize(created, "2c1g")


def template(bare: BareClient) -> InstanceReference:
    """Return the reference of a template, which as an image has none."""
    config = bare.get("nodes/pve1/qemu/9000/config")
    created = str(config["meta"]).rpartition("=")[2]
    unique_id = f"{config['smbios1'].removeprefix('uuid=')}:{created}"
    return InstanceReference(region=CLUSTER, id="9000", unique_id=unique_id)


def test_a_protected_guest_and_a_template_are_not_deleted(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare.put(f"nodes/pve1/qemu/{created.id}/config", protection=1)
    with pytest.raises(InvalidRequest, match="protection mode"):
        provider.delete_instance(created.reference)
    with pytest.raises(InvalidRequest, match="template"):
        provider.delete_instance(template(bare))
    for look in (provider.get_instance, provider.list_snapshots):
        with pytest.raises(NotFound):
            look(CLUSTER, "9000")


def test_a_moved_guest_is_the_same_guest(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    finished(
        bare, "pve1", bare.post(f"nodes/pve1/qemu/{created.id}/migrate", target="pve2", online=1)
    )
    moved = provider.get_instance(CLUSTER, created.id)
    assert (moved.zone, moved.state) == ("pve2", InstanceState.RUNNING)
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]


def test_disks_of_other_guests_are_not_attached(estate: ProxmoxProvider) -> None:
    mine, other = named(estate, "shop-web-01"), named(estate, "shop-db-01")
    disks = estate.get_instance(CLUSTER, other).attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(Conflict, match=f"guest {other} has it"):
        estate.attach_disk(reference(estate, mine), str(disks[1]))
    with pytest.raises(InvalidRequest, match="boots from scsi0"):
        estate.detach_disk(reference(estate, other), str(disks[0]))
    estate.detach_disk(reference(estate, other), str(disks[1]))
    assert estate.get_disk(CLUSTER, str(disks[1])).attributes["attached_to"] == []
    with pytest.raises(InvalidRequest, match=f"belongs to guest {other}"):
        estate.attach_disk(reference(estate, mine), str(disks[1]))
    estate.attach_disk(reference(estate, other), str(disks[1]))
    assert estate.get_disk(CLUSTER, str(disks[1])).attributes["attached_to"] == [other]
    with pytest.raises(InvalidRequest, match="the disk is on node pve3"):
        estate.attach_disk(reference(estate, mine), "pve3/local-lvm:vm-388-disk-1")
    with pytest.raises(InvalidRequest, match="mount points"):
        estate.attach_disk(reference(estate, named(estate, "dns-01")), "ceph:vm-404-disk-0")


def test_snapshots_by_other_tools_are_listed_and_restored(estate: ProxmoxProvider) -> None:
    pages = estate.list_resources(CLUSTER, ResourceKind.SNAPSHOT)
    guest = next(r.id.partition("/")[0] for page in pages for r in page if "move" in r.name)
    listed = estate.list_snapshots(CLUSTER, guest)
    assert [one.name for one in listed] == ["before-update", "before-move"]
    assert {one.token for one in listed} == {None}
    estate.delete_snapshot(reference(estate, guest), "before-move")
    assert [one.id for one in estate.list_snapshots(CLUSTER, guest)] == ["before-update"]


def test_other_notes_and_tags_are_kept(
    estate: ProxmoxProvider, proxmox_estate: ProxmoxSandbox
) -> None:
    bare = proxmox_estate.bare()
    place = next(r for r in bare.get("cluster/resources", type="vm") if r["vmid"] == 100)
    path = f"nodes/{place['node']}/qemu/100/config"
    notes = bare.get(path)["description"]
    assert estate.get_instance(CLUSTER, "100").tags == {"prod": "", "shop": "", "web": ""}
    estate.set_tags(reference(estate, "100"), {"Cost Center": "4711"}, ["web"])
    config = bare.get(path)
    assert config["description"].startswith(notes)
    assert config["tags"] == "cost-center-4711;prod;shop"
    tagged = {"prod": "", "shop": "", "Cost Center": "4711"}
    assert estate.get_instance(CLUSTER, "100").tags == tagged
    estate.set_tags(reference(estate, "100"), {}, ["Cost Center", "prod", "shop"])
    assert "tags" not in bare.get(path)
    assert bare.get(path)["description"].strip() == notes.strip()
    with pytest.raises(InvalidRequest):
        estate.set_tags(reference(estate, "100"), {"---": ""})
