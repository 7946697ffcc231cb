"""Creating guests: specs, VMIDs, and interrupted creations."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from providers.proxmox.provider import ProxmoxProvider
from providers.proxmox.vmids import token_vmids
from skyclust.errors import (
    CapacityExhausted,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
)
from skyclust.model.instance import InstanceState
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.proxmox.access import AUDITOR
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import BareClient, ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, finished

pytestmark = pytest.mark.integration

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb0 ops@example.com"


def guests(bare: BareClient) -> list[int]:
    found = bare.get("cluster/resources", type="vm")
    return sorted(one["vmid"] for one in found if not one["template"])


def test_every_field_of_the_spec_takes_effect(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    instance_spec = spec(
        image="debian-12",
        type="2c4g",
        zone="pve3",
        network="vmbr1",
        user="ops",
        ssh_keys=[KEY],
        private_address="10.0.0.5/24,10.0.0.1",
        tags={"team": "shop", "Größe": "klein"},
        boot_disk={"size_gib": 10, "type": "local-lvm"},
        disks=[{"size_gib": 2}, {"size_gib": 3, "type": "ceph"}],
    )
    created = provider.create_instance(instance_spec, "t-1")
    config = bare.get(f"nodes/pve3/qemu/{created.id}/config")
    assert (config["cores"], config["memory"], config["ciuser"]) == (2, "4096", "ops")
    assert config["ipconfig0"] == "ip=10.0.0.5/24,gw=10.0.0.1"
    assert unquote(config["sshkeys"]) == KEY
    assert "bridge=vmbr1" in config["net0"]
    assert config["scsi0"] == f"local-lvm:vm-{created.id}-disk-0,size=10G"
    assert config["scsi1"].startswith("local-lvm:")
    assert config["scsi2"].startswith("ceph:")
    assert (created.state, created.zone, created.type) == (InstanceState.RUNNING, "pve3", "2c4g")
    assert (created.image, created.network, created.private_addresses) == (
        "9001",
        "vmbr1",
        ("10.0.0.5",),
    )
    assert created.tags == {"team": "shop", "Größe": "klein"}
    assert config["tags"] == "gr-e-klein;team-shop"
    assert created.created_at is not None
    assert created.attributes["disks"] == [
        f"pve3/local-lvm:vm-{created.id}-disk-0",
        f"pve3/local-lvm:vm-{created.id}-disk-1",
        f"ceph:vm-{created.id}-disk-0",
    ]


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("nas:import/debian-12-genericcloud-amd64.qcow2", "qemu"),
        ("nas:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "lxc"),
        ("9002", "lxc"),
    ],
)
def test_guests_are_created_from_every_kind_of_image(
    provider: ProxmoxProvider, spec: Spec, image: str, kind: str
) -> None:
    instance_spec = spec(image=image, type="1c512m", disks=[{"size_gib": 1}], network="vmbr1")
    created = provider.create_instance(instance_spec, "t-1")
    assert (created.state, created.type, created.image) == (InstanceState.RUNNING, "1c512m", image)
    assert created.attributes["virtualization"] == kind
    assert created.network == "vmbr1"
    assert len(list(created.attributes["disks"])) == 2  # type: ignore[arg-type]  # a list in JSON
    assert provider.create_instance(instance_spec, "t-1").id == created.id


@pytest.mark.parametrize(
    "fields",
    [
        {"user_data": "#cloud-config\n"},
        {"public_address": True},
        {"ssh_keys": ["ops"]},
        {"private_address": "10.0.0.5"},
        {"zone": "pve9"},
        {"type": "2c4096m"},
        {"image": "nas:iso/debian-12.11.0-amd64-netinst.iso"},
        {"boot_disk": {"size_gib": 1}},
        {"boot_disk": {"size_gib": 9, "type": "tape"}},
        {"disks": [{"size_gib": 1, "type": "tape"}]},
        {"name": "not_a_host_name"},
        {"image": "9002", "user": "ops"},
    ],
)
def test_a_refused_spec_leaves_nothing(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec, fields: dict[str, object]
) -> None:
    with pytest.raises((InvalidRequest, NotFound)) as refused:
        provider.create_instance(spec(**fields), "t-1")
    assert refused.value.provider == "proxmox"
    assert guests(bare) == []


def test_a_type_that_no_node_can_hold_exhausts_the_capacity(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    with pytest.raises(CapacityExhausted, match="pve1: 32 cores"):
        provider.create_instance(spec(type="48c64g"), "t-1")
    assert guests(bare) == []


def test_a_guest_whose_disk_does_not_fit_is_deleted(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    with pytest.raises(CapacityExhausted):
        provider.create_instance(spec(disks=[{"size_gib": 60000}]), "t-1")
    assert guests(bare) == []
    assert provider.find_instances(CLUSTER, "t-1") == []


def test_another_guest_with_the_vmid_is_not_changed(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    first, second, *_ = token_vmids("t-1")
    finished(bare, "pve1", bare.post("nodes/pve1/qemu", vmid=first, name="stranger"))
    created = provider.create_instance(spec(), "t-1")
    assert created.id == str(second)
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]
    finished(bare, "pve1", bare.delete(f"nodes/pve1/qemu/{first}"))
    assert provider.create_instance(spec(), "t-1").id == created.id
    assert guests(bare) == [second]


def test_a_clone_is_not_the_guest_of_the_token(
    provider: ProxmoxProvider, bare: BareClient, spec: Spec
) -> None:
    created = provider.create_instance(spec(zone="pve1"), "t-1")
    upid = bare.post(f"nodes/pve1/qemu/{created.id}/clone", newid=150, name="copy")
    finished(bare, "pve1", upid)
    assert provider.get_instance(CLUSTER, "150").name == "copy"
    assert [one.id for one in provider.find_instances(CLUSTER, "t-1")] == [created.id]


def test_a_vmid_that_was_just_allocated_is_awaited(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    """The reply to the clone request is lost, and the notes are written later."""
    lost = Fault(kind=FaultKind.DROP_REPLY, action="POST */clone", times=1)
    proxmox_sandbox.inject(lost)
    with pytest.raises(SkyClustError):
        provider.create_instance(spec(), "t-1")
    [found] = provider.find_instances(CLUSTER, "t-1")
    assert found.state is InstanceState.PENDING
    created = provider.create_instance(spec(), "t-1")
    assert (created.id, created.state) == (found.id, InstanceState.RUNNING)


def test_a_guest_may_be_deleted_while_its_disks_are_copied(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, bare: BareClient, spec: Spec
) -> None:
    proxmox_sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action="POST */clone", times=1))
    with pytest.raises(SkyClustError):
        provider.create_instance(spec(), "t-1")
    [found] = provider.find_instances(CLUSTER, "t-1")
    provider.delete_instance(found.reference)
    assert guests(bare) == []


def test_a_long_copy_is_continued(
    provider: ProxmoxProvider, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.proxmox.tasks.wait_for_task", lambda *_, **__: False)
    with pytest.raises(SkyClustError, match="the task continues"):
        provider.create_instance(spec(), "t-1")
    monkeypatch.undo()
    assert provider.create_instance(spec(), "t-1").state is InstanceState.RUNNING


def test_an_auditor_cannot_create(
    proxmox_sandbox: ProxmoxSandbox, bare: BareClient, spec: Spec
) -> None:
    auditor = ProxmoxProvider(proxmox_sandbox.credential(AUDITOR))
    with pytest.raises(PermissionDenied, match=r"VM\.Clone"):
        auditor.create_instance(spec(), "t-1")
    missing = auditor.verify().missing_permissions
    assert missing is not None
    assert "VM.Clone" in missing
    assert guests(bare) == []


def test_a_locked_template_delays_the_creation(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, spec: Spec
) -> None:
    locked = "VM is locked (backup)"
    proxmox_sandbox.inject(Fault(kind=FaultKind.ERROR, action="POST */clone", code=locked, times=1))
    with pytest.raises(Conflict, match="qm unlock") as refused:
        provider.create_instance(spec(), "t-1")
    assert refused.value.provider == "proxmox"
    assert provider.create_instance(spec(), "t-1").state is InstanceState.RUNNING
