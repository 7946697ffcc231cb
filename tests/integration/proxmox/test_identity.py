"""Reused VMIDs: other guests, clones, containers, and unproven guests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
)
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import BareClient, ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, becomes, finished, reference

pytestmark = pytest.mark.integration

CONTAINER = {
    "ostemplate": "nas:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst",
    "rootfs": "ceph:1",
    "net0": "name=eth0,bridge=vmbr0,ip=dhcp",
}


def changes(provider: ProxmoxProvider, meant: InstanceReference) -> list[Callable[[], object]]:
    """Return every change of a guest."""
    return [
        lambda: provider.start_instance(meant),
        lambda: provider.stop_instance(meant),
        lambda: provider.reboot_instance(meant),
        lambda: provider.resize_instance(meant, "2c2g"),
        lambda: provider.set_tags(meant, {"stage": "test"}),
        lambda: provider.create_snapshot(meant, "nightly", "t-9"),
        lambda: provider.restore_snapshot(meant, "before", "t-9"),
        lambda: provider.delete_snapshot(meant, "before"),
        lambda: provider.attach_disk(meant, "ceph:vm-404-disk-0"),
        lambda: provider.detach_disk(meant, "ceph:vm-404-disk-0"),
        lambda: provider.delete_instance(meant),
    ]


def running(bare: BareClient, path: str) -> bool:
    return bool(bare.get(f"{path}/status/current")["status"] == "running")


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
def test_a_guest_with_a_reused_vmid_is_not_changed(
    provider: ProxmoxProvider, bare: BareClient, kind: str
) -> None:
    """Other tools created both: the guest in the inventory is gone, and another has its VMID."""
    config = CONTAINER if kind == "lxc" else {"scsi0": "ceph:1", "net0": "virtio,bridge=vmbr0"}
    path = f"nodes/pve1/{kind}"
    finished(bare, "pve1", bare.post(path, vmid=150, start=1, **config))
    becomes(provider, "150", InstanceState.RUNNING)
    meant = reference(provider, "150")
    finished(bare, "pve1", bare.post(f"{path}/150/status/stop"))
    finished(bare, "pve1", bare.delete(f"{path}/150"))
    finished(bare, "pve1", bare.post(path, vmid=150, start=1, **config))
    becomes(provider, "150", InstanceState.RUNNING)
    finished(bare, "pve1", bare.post(f"{path}/150/snapshot", snapname="before"))
    before = bare.get(f"{path}/150/config")
    for change in changes(provider, meant):
        with pytest.raises(NotFound, match="another instance has its id"):
            change()
    provider.remove_leftovers(meant)
    assert bare.get(f"{path}/150/config") == before
    assert [one["name"] for one in bare.get(f"{path}/150/snapshot")] == ["before", "current"]
    assert running(bare, f"{path}/150")


@pytest.mark.parametrize("image", ["9000", "9002"])
def test_a_clone_has_its_own_unique_id(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec, image: str
) -> None:
    """Its notes are a copy; token, image and time in them do not apply to it."""
    created = provider.create_instance(spec(image=image, zone="pve1", tags={"team": "shop"}), "t-1")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    kind = created.attributes["virtualization"]
    upid = bare.post(f"nodes/pve1/{kind}/{created.id}/clone", newid=150)
    finished(bare, "pve1", upid)
    copy = provider.get_instance(CLUSTER, "150")
    assert copy.unique_id != created.unique_id
    assert (copy.image, copy.tags) == (None, {"team": "shop"})
    assert created.created_at != copy.created_at
    assert "skyclust" in bare.get(f"nodes/pve1/{kind}/150/config")["description"]
    provider.delete_instance(copy.reference)
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]


@pytest.mark.parametrize("image", ["9000", "9002"])
def test_a_clone_with_the_vmid_of_its_original_is_not_changed(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec, image: str
) -> None:
    """It has VMID, notes and token of the deleted guest, and is another guest."""
    created = provider.create_instance(spec(image=image, zone="pve1"), "t-1")
    kind = created.attributes["virtualization"]
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    path = f"nodes/pve1/{kind}"
    finished(bare, "pve1", bare.post(f"{path}/{created.id}/clone", newid=150))
    provider.delete_instance(created.reference)
    finished(bare, "pve1", bare.post(f"{path}/150/clone", newid=created.id))
    before = bare.get(f"{path}/{created.id}/config")
    for change in changes(provider, created.reference):
        with pytest.raises((NotFound, InvalidRequest)):
            change()
    assert bare.get(f"{path}/{created.id}/config") == before


def test_an_unproven_container_is_read_and_not_changed(
    proxmox_estate: ProxmoxSandbox,
) -> None:
    provider, bare = ProxmoxProvider(proxmox_estate.credential()), proxmox_estate.bare()
    pages = provider.list_resources(CLUSTER, ResourceKind.INSTANCE)
    found = next(one for page in pages for one in page if one.name == "dev-02")
    assert found.attributes["unique_id"] == f"unproven:{found.id}"
    meant = reference(provider, found.id)
    path = f"nodes/{found.zone}/lxc/{found.id}"
    before = bare.get(f"{path}/config")
    for change in changes(provider, meant):
        with pytest.raises(InvalidRequest, match="nothing proves"):
            change()
    assert bare.get(f"{path}/config") == before
    bare.put(f"{path}/config", net0="name=eth0,bridge=vmbr0,hwaddr=BC:24:11:AA:BB:CC")
    provider.stop_instance(reference(provider, found.id))
    becomes(provider, found.id, InstanceState.STOPPED)


def test_every_other_guest_of_the_estate_is_proven(proxmox_estate: ProxmoxSandbox) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    pages = provider.list_resources(CLUSTER, ResourceKind.INSTANCE)
    proofs = [str(one.attributes["unique_id"]) for page in pages for one in page]
    assert len(set(proofs)) == len(proofs) == 117
    assert sum(proof.startswith("unproven:") for proof in proofs) == 1


def test_a_rollback_and_a_move_keep_the_unique_id(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    kept = provider.create_snapshot(created.reference, "before", "t-2")
    provider.set_tags(created.reference, {"stage": "test"})
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    generation = bare.get(f"nodes/pve1/qemu/{created.id}/config")["vmgenid"]
    assert provider.restore_snapshot(created.reference, kept.id, "t-3")
    assert bare.get(f"nodes/pve1/qemu/{created.id}/config")["vmgenid"] != generation
    finished(bare, "pve1", bare.post(f"nodes/pve1/qemu/{created.id}/migrate", target="pve2"))
    bare.put(f"nodes/pve2/qemu/{created.id}/config", description="", name="other")
    assert provider.get_instance(CLUSTER, created.id).unique_id == created.unique_id
    provider.delete_instance(created.reference)


def test_a_guest_that_is_replaced_during_its_stop_is_not_deleted(
    provider: ProxmoxProvider,
    bare: BareClient,
    spec: Spec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The identity is checked again before the delete request, which has no precondition."""
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    path = f"nodes/pve1/qemu/{created.id}"

    def replaced(*_: object) -> None:
        monkeypatch.undo()
        becomes(provider, created.id, InstanceState.STOPPED)
        finished(bare, "pve1", bare.delete(path))
        finished(bare, "pve1", bare.post("nodes/pve1/qemu", vmid=created.id, name="stranger"))

    # What happens while the stop is waited for.
    monkeypatch.setattr("providers.proxmox.deletion.complete_task", replaced)
    with pytest.raises(NotFound, match="another instance"):
        provider.delete_instance(created.reference)
    assert bare.get(f"{path}/config")["name"] == "stranger"


def test_an_outdated_configuration_is_not_changed(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every change that accepts a digest carries it."""
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    disk = bare.post("nodes/pve1/storage/ceph/content", filename="vm-7-disk-0", vmid=7, size="1G")
    connections = provider._clients
    path = f"nodes/pve1/qemu/{created.id}/config"
    requests: list[str] = []

    def is_late(call: Callable[..., object]) -> Callable[..., object]:
        def late(at: str, doing: str, /, **given: object) -> object:
            if at == path and not requests:
                requests.append(at)
                bare.put(path, name="changed")
            return call(at, doing, **given)

        return late

    monkeypatch.setattr(connections, "post", is_late(connections.post))
    monkeypatch.setattr(connections, "put", is_late(connections.put))
    asked_for: list[Callable[[], None]] = [
        lambda: provider.resize_instance(created.reference, "2c2g"),
        lambda: provider.set_tags(created.reference, {"stage": "test"}),
        lambda: provider.attach_disk(created.reference, str(disk)),
    ]
    for change in asked_for:
        requests.clear()
        bare.put(path, name="before")
        with pytest.raises(Conflict, match="checksum mismatch"):
            change()
        change()


def leftover(bare: BareClient, vmid: str, number: int = 7) -> str:
    name = f"vm-{vmid}-disk-{number}"
    return str(bare.post("nodes/pve1/storage/ceph/content", filename=name, vmid=vmid, size="1G"))


def volumes(bare: BareClient) -> set[str]:
    return {one["volid"] for one in bare.get("nodes/pve1/storage/ceph/content")}


def test_only_the_leftover_volumes_of_a_created_guest_are_deleted(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(), "t-1")
    stays = provider.create_instance(spec(name="api", zone="pve1"), "t-2")
    provider.delete_instance(created.reference)
    unused, in_use, foreign = (
        leftover(bare, created.id),
        leftover(bare, created.id, 8),
        leftover(bare, "5"),
    )
    upid = bare.post(f"nodes/pve1/qemu/{stays.id}/config", scsi9=in_use)
    finished(bare, "pve1", upid)
    for _ in range(2):
        provider.remove_leftovers(created.reference)
        assert unused not in volumes(bare)
        assert {in_use, foreign} <= volumes(bare)
    others = InstanceReference(region=CLUSTER, id="5", unique_id="bc:24:11:00:00:01")
    provider.remove_leftovers(others)
    assert foreign in volumes(bare)
    assert becomes(provider, stays.id, InstanceState.RUNNING)


def test_leftovers_that_may_not_be_deleted_are_named(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, bare: BareClient, spec: Spec
) -> None:
    """The documented role lacks the privilege, which would apply to every volume."""
    created = provider.create_instance(spec(), "t-1")
    provider.delete_instance(created.reference)
    provider.remove_leftovers(created.reference)
    left = leftover(bare, created.id)
    denied = Fault(kind=FaultKind.DENY, action="DELETE */content/*")
    proxmox_sandbox.inject(denied)
    with pytest.raises(PermissionDenied, match=left) as refused:
        provider.remove_leftovers(created.reference)
    assert f"pvesm free {left}" in refused.value.hint


def test_a_task_without_an_exit_status_does_not_count_as_done(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    created = provider.create_instance(spec(), "t-1")
    omitted = Fault(kind=FaultKind.OMIT, action="GET */tasks/*", field="exitstatus")
    proxmox_sandbox.inject(omitted)
    with pytest.raises(SkyClustError, match="exitstatus"):
        provider.delete_instance(created.reference)


def test_a_volume_shared_by_several_guests_names_them_all(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    shared = leftover(bare, "5000")
    guests = [
        provider.create_instance(spec(name=name, zone="pve1"), token)
        for name, token in (("web", "t-1"), ("api", "t-2"))
    ]
    for guest in guests:
        upid = bare.post(f"nodes/pve1/qemu/{guest.id}/config", scsi3=shared)
        finished(bare, "pve1", upid)
    read = provider.get_disk(CLUSTER, shared)
    assert read.attributes["attached_to"] == sorted((one.id for one in guests), key=int)
    assert read.attributes["device"] == "scsi3"
