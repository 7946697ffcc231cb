"""Authentication, visibility, and errors when a node or the quorum is lost."""

from __future__ import annotations

import pytest

from providers.proxmox.credential import ProxmoxCredential
from providers.proxmox.provider import ProxmoxProvider
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    Conflict,
    NotFound,
    PermissionDenied,
    Throttled,
    Unavailable,
)
from skyclust.model.resource import ResourceKind
from skyclust.model.resource_reference import reference_of
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox.access import NOBODY, PASSWORD, STORAGE, TEAM
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, finished, reference

pytestmark = pytest.mark.integration


def with_password(sandbox: ProxmoxSandbox, password: str = PASSWORD) -> ProxmoxProvider:
    given = {"user": "administrator@pve", "password": password, "endpoint": sandbox.endpoint}
    return ProxmoxProvider(ProxmoxCredential.model_validate(given))


def listed(provider: ProxmoxProvider, kind: ResourceKind) -> list[str]:
    return [one.id for page in provider.list_resources(CLUSTER, kind) for one in page]


def test_a_password_logs_in_again_when_the_ticket_expired(
    proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    provider = with_password(proxmox_sandbox)
    created = provider.create_instance(spec(), "t-1")
    assert proxmox_sandbox.calls()["POST /access/ticket"] == 1
    assert provider.verify().principal == "administrator@pve"
    proxmox_sandbox.reset("empty")  # forgets all tickets
    provider.delete_instance(created.reference)
    assert proxmox_sandbox.calls()["POST /access/ticket"] == 1


def test_a_wrong_password_is_reported(proxmox_sandbox: ProxmoxSandbox) -> None:
    with pytest.raises(AuthenticationFailed, match="log in as administrator@pve"):
        with_password(proxmox_sandbox, "wrong").regions()


def test_a_login_is_throttled_like_any_call(proxmox_sandbox: ProxmoxSandbox) -> None:
    provider = with_password(proxmox_sandbox)
    proxmox_sandbox.inject(Fault(kind=FaultKind.THROTTLE, action="POST /access/ticket", seconds=7))
    with pytest.raises(Throttled):
        provider.regions()


def test_throttled_has_the_retry_after(proxmox_sandbox: ProxmoxSandbox) -> None:
    proxmox_sandbox.inject(Fault(kind=FaultKind.THROTTLE, seconds=7))
    with pytest.raises(Throttled) as throttled:
        ProxmoxProvider(proxmox_sandbox.credential()).regions()
    assert throttled.value.retry_after == 7.0


def test_a_token_that_may_see_nothing_is_reported(proxmox_estate: ProxmoxSandbox) -> None:
    """Proxmox VE returns empty lists, which do not mean that the cluster is empty."""
    nobody = ProxmoxProvider(proxmox_estate.credential(NOBODY))
    identity = nobody.verify()
    assert identity.missing_permissions is not None
    assert "VM.Audit" in identity.missing_permissions
    for kind in sorted(nobody.kinds):
        with pytest.raises(PermissionDenied):
            listed(nobody, kind)


def test_hidden_guests_do_not_count_as_deleted(
    proxmox_estate: ProxmoxSandbox,
) -> None:
    team = ProxmoxProvider(proxmox_estate.credential(TEAM))
    everybody = ProxmoxProvider(proxmox_estate.credential())
    mine = listed(team, ResourceKind.INSTANCE)
    others = set(listed(everybody, ResourceKind.INSTANCE)) - set(mine)
    assert len(mine) == 24
    other = min(others)
    meant = reference(everybody, other)
    with pytest.raises(PermissionDenied, match="may not see it"):
        team.get_instance(CLUSTER, other)
    for call in (team.delete_instance, team.start_instance):
        with pytest.raises(PermissionDenied, match="may not see it"):
            call(meant)
    assert other in listed(everybody, ResourceKind.INSTANCE)


def test_a_disk_of_a_hidden_guest_is_owned_and_not_deleted(proxmox_estate: ProxmoxSandbox) -> None:
    """What a credential does not see may have the disk: neither is it free, nor an orphan's."""
    keeper = ProxmoxProvider(proxmox_estate.credential(STORAGE))
    everybody = ProxmoxProvider(proxmox_estate.credential())
    hidden = set(listed(everybody, ResourceKind.INSTANCE)) - set(
        listed(keeper, ResourceKind.INSTANCE)
    )
    pages = list(keeper.list_resources(CLUSTER, ResourceKind.DISK))
    others = [disk for page in pages for disk in page if disk.attributes["owner"] in hidden]
    assert others
    with pytest.raises(Conflict, match="it belongs to instance"):
        keeper.delete_resource(reference_of(others[0]))

    content = {"filename": "vm-777-disk-0", "vmid": 777, "size": "1G"}
    orphan_id = str(proxmox_estate.bare().post("nodes/pve1/storage/ceph/content", **content))
    orphan = keeper.get_resource(CLUSTER, ResourceKind.DISK, orphan_id)
    assert (orphan.attributes["owner"], orphan.attributes["attached_to"]) == (None, [])
    with pytest.raises(PermissionDenied, match="does not see all guests"):
        keeper.delete_resource(reference_of(orphan))
    everybody.delete_resource(reference_of(orphan))
    with pytest.raises(NotFound):
        everybody.get_resource(CLUSTER, ResourceKind.DISK, orphan_id)


def test_guests_on_an_offline_node_cannot_be_read(proxmox_estate: ProxmoxSandbox) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    pages = list(provider.list_resources(CLUSTER, ResourceKind.INSTANCE))
    by_zone = {one.zone: one.id for page in pages for one in page}
    offline = reference(provider, by_zone["pve2"])
    proxmox_estate.bare().post("nodes/pve2/status", command="shutdown")
    for kind in (
        ResourceKind.INSTANCE,
        ResourceKind.DISK,
        ResourceKind.SNAPSHOT,
        ResourceKind.NETWORK,
    ):
        with pytest.raises(Unavailable, match="pve2"):
            listed(provider, kind)
    with pytest.raises(Unavailable, match="node pve2"):
        provider.get_instance(CLUSTER, by_zone["pve2"])
    with pytest.raises(Unavailable):
        provider.delete_instance(offline)
    assert provider.get_instance(CLUSTER, by_zone["pve3"]).zone == "pve3"
    types = [one for page in provider.list_instance_types(CLUSTER) for one in page]
    assert {zone for one in types for zone in one.zones} == {"pve1", "pve3"}


def test_guests_are_created_while_another_node_is_offline(
    proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    provider = ProxmoxProvider(proxmox_sandbox.credential())
    bare = proxmox_sandbox.bare()
    template = provider.create_instance(spec(zone="pve2"), "t-1").id
    finished(bare, "pve2", bare.post(f"nodes/pve2/qemu/{template}/status/stop"))
    bare.post(f"nodes/pve2/qemu/{template}/template")
    bare.post("nodes/pve2/status", command="shutdown")
    image = "nas:import/debian-12-genericcloud-amd64.qcow2"
    assert image in {one.id for one in provider.list_images(CLUSTER, "debian-12")}
    assert provider.create_instance(spec(image=image), "t-2").zone in {"pve1", "pve3"}
    with pytest.raises(Unavailable, match="node pve2"):
        provider.create_instance(spec(image=template), "t-3")
    with pytest.raises(CapacityExhausted, match="none is online"):
        provider.create_instance(spec(zone="pve2"), "t-4")


def test_without_quorum_the_cluster_can_be_read_and_not_changed(
    proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    provider = ProxmoxProvider(proxmox_sandbox.credential())
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    bare = proxmox_sandbox.bare()
    for node in ("pve2", "pve3"):
        bare.post(f"nodes/{node}/status", command="shutdown")
    assert provider.get_instance(CLUSTER, created.id).id == created.id
    with pytest.raises(Unavailable, match="no quorum"):
        provider.stop_instance(created.reference)
    with pytest.raises(Unavailable, match="no quorum"):
        provider.create_instance(spec(name="api", zone="pve1"), "t-2")
