"""Existence of guests while the cluster's own list is outdated."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from providers.proxmox.provider import ProxmoxProvider
from providers.proxmox.vmids import token_vmids
from skyclust.errors import (
    Conflict,
    IncompleteList,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Unavailable,
)
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.control import Control
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox.access import TEAM
from skyclust_sandbox.proxmox.application import ProxmoxApplication
from skyclust_sandbox.proxmox.cloud import ProxmoxCloud
from skyclust_sandbox.proxmox.seed import CLUSTER
from skyclust_sandbox.seeds import Seed
from tests.fixtures.proxmox import BareClient, ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, finished

pytestmark = pytest.mark.integration

FAR_BEHIND = 3600.0


def listed(provider: ProxmoxProvider, kind: ResourceKind) -> list[str]:
    return [one.id for page in provider.list_resources(CLUSTER, kind) for one in page]


def test_a_guest_that_is_not_listed_yet_exists(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    """It is found by token and VMID, listed, and can be changed."""
    bare.lag(FAR_BEHIND)
    created = provider.create_instance(spec(disks=[{"size_gib": 1}]), "t-1")
    assert int(created.id) not in {one["vmid"] for one in bare.get("cluster/resources", type="vm")}
    assert listed(provider, ResourceKind.INSTANCE) == [created.id]
    assert provider.get_instance(CLUSTER, created.id).reference == created.reference
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]
    assert provider.create_instance(spec(disks=[{"size_gib": 1}]), "t-1").id == created.id
    taken = provider.create_snapshot(created.reference, "nightly", "t-2")
    assert listed(provider, ResourceKind.SNAPSHOT) == [f"{created.id}/{taken.id}"]
    disks = created.attributes["disks"]
    assert isinstance(disks, list)
    read = provider.get_disk(CLUSTER, str(disks[0]))
    assert read.attributes["attached_to"] == [created.id]


def test_a_guest_that_is_still_listed_is_gone(
    proxmox_sandbox: ProxmoxSandbox, provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    """Its VMID counts as taken, and no node has it: it is gone for a caller who may see it."""
    created = provider.create_instance(spec(), "t-1")
    stays = provider.create_instance(spec(name="api"), "t-2")
    bare.lag(FAR_BEHIND)
    provider.delete_instance(created.reference)
    assert created.id in {str(one["vmid"]) for one in bare.get("cluster/resources", type="vm")}
    with pytest.raises(NotFound):
        provider.get_instance(CLUSTER, created.id)
    provider.delete_instance(created.reference)
    assert provider.find_instances(CLUSTER, "t-1") == []
    assert listed(provider, ResourceKind.INSTANCE) == [stays.id]
    assert listed(provider, ResourceKind.SNAPSHOT) == []
    with pytest.raises(PermissionDenied, match="may not see it"):
        ProxmoxProvider(proxmox_sandbox.credential(TEAM)).get_instance(CLUSTER, created.id)


def test_a_moved_guest_is_found_at_its_node(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    """The list has the node that it has left."""
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare.lag(FAR_BEHIND)
    finished(
        bare, "pve1", bare.post(f"nodes/pve1/qemu/{created.id}/migrate", target="pve2", online=1)
    )
    assert provider.get_instance(CLUSTER, created.id).zone == "pve2"
    pages = provider.list_resources(CLUSTER, ResourceKind.INSTANCE)
    assert [(one.id, one.zone) for page in pages for one in page] == [(created.id, "pve2")]
    taken = provider.create_snapshot(created.reference, "nightly", "t-2")
    assert [one.id for one in provider.list_snapshots(CLUSTER, created.id)] == [taken.id]
    provider.set_tags(created.reference, {"stage": "test"})
    assert provider.get_instance(CLUSTER, created.id).tags == {"stage": "test"}


@pytest.mark.parametrize("lag", [0.0, FAR_BEHIND])
def test_a_vmid_is_free_only_when_every_node_confirms_it(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec, lag: float
) -> None:
    """An offline node may have the guest, so the guest does not count as deleted."""
    bare.lag(lag)
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    provider.delete_instance(created.reference)
    bare.post("nodes/pve3/status", command="shutdown")
    for call in (
        lambda: provider.get_instance(CLUSTER, created.id),
        lambda: provider.delete_instance(created.reference),
        lambda: provider.remove_leftovers(created.reference),
        lambda: provider.find_instances(CLUSTER, "t-1"),
        lambda: provider.list_snapshots(CLUSTER, created.id),
        lambda: listed(provider, ResourceKind.INSTANCE),
        lambda: listed(provider, ResourceKind.SNAPSHOT),
    ):
        with pytest.raises(Unavailable, match="node pve3 is offline") as refused:
            call()
        assert "delnode" in refused.value.hint


def test_a_guest_on_an_online_node_is_found_while_others_are_offline(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    bare.lag(FAR_BEHIND)
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare.post("nodes/pve3/status", command="shutdown")
    assert provider.get_instance(CLUSTER, created.id).zone == "pve1"
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]
    assert provider.create_instance(spec(zone="pve1"), "t-1").id == created.id


def test_a_delete_ends_when_the_nodes_confirm_it(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    """An outdated list without the guest does not end the wait."""
    bare.lag(FAR_BEHIND)
    created = provider.create_instance(spec(), "t-1")
    with pytest.raises(SkyClustError, match="was not deleted"):
        wait_for_state(
            provider,
            created.reference,
            InstanceState.DELETED,
            deadline_seconds=0.1,
            poll_seconds=0.02,
        )
    provider.delete_instance(created.reference)
    gone = wait_for_state(
        provider, created.reference, InstanceState.DELETED, deadline_seconds=5, poll_seconds=0.02
    )
    assert gone is None


@pytest.fixture
def slow_cluster() -> Iterator[ProxmoxSandbox]:
    """A separate cluster, in which a task takes half a minute."""
    cloud = ProxmoxCloud(30.0)
    control = Control("proxmox", "nonce", Seed.EMPTY, cloud.restart)
    server = make_server("127.0.0.1", 0, ProxmoxApplication(cloud, control), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield ProxmoxSandbox(f"http://127.0.0.1:{server.server_port}", 0)
    server.shutdown()
    serving.join()
    server.server_close()


def test_an_instance_whose_disks_are_being_created_is_not_reported_as_absent(
    slow_cluster: ProxmoxSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its VMID is allocated and its configuration empty, so it has no unique id yet."""
    monkeypatch.setattr("providers.proxmox.creation.IDENTITY_SECONDS", 0.0)
    provider, bare = ProxmoxProvider(slow_cluster.credential()), slow_cluster.bare()
    vmid = next(token_vmids("t-1"))
    bare.post("nodes/pve1/qemu", vmid=vmid, scsi0="ceph:1")
    with pytest.raises(Conflict, match="its disks are being created"):
        provider.find_instances(CLUSTER, "t-1")
    unproven = provider.get_instance(CLUSTER, str(vmid))
    assert (unproven.unique_id, unproven.state) == (f"unproven:{vmid}", InstanceState.PENDING)
    assert listed(provider, ResourceKind.INSTANCE) == [str(vmid)]
    with pytest.raises(InvalidRequest, match="nothing proves"):
        provider.delete_instance(unproven.reference)


def test_an_unreadable_item_does_not_count_as_absent(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, bare: BareClient, spec: Spec
) -> None:
    bare.lag(FAR_BEHIND)
    created = provider.create_instance(spec(), "t-1")
    omitted = Fault(kind=FaultKind.OMIT, action="GET /nodes/{node}/qemu", field="vmid", item="web")
    proxmox_sandbox.inject(omitted)
    for call in (
        lambda: provider.get_instance(CLUSTER, created.id),
        lambda: provider.find_instances(CLUSTER, "t-1"),
        lambda: provider.delete_instance(created.reference),
    ):
        with pytest.raises(IncompleteList, match="web"):
            call()
