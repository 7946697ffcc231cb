"""Inventory of the estate."""

from __future__ import annotations

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import ProxmoxSandbox

pytestmark = pytest.mark.integration


@pytest.fixture
def provider(proxmox_estate: ProxmoxSandbox) -> ProxmoxProvider:
    """Return a provider for the estate."""
    return ProxmoxProvider(proxmox_estate.credential())


def read(provider: ProxmoxProvider, kind: ResourceKind) -> dict[str, Resource]:
    return {one.id: one for page in provider.list_resources(CLUSTER, kind) for one in page}


def test_vms_and_containers_are_listed(provider: ProxmoxProvider) -> None:
    guests = read(provider, ResourceKind.INSTANCE)
    assert len(guests) == 117
    kinds = [one.attributes["virtualization"] for one in guests.values()]
    assert (kinds.count("qemu"), kinds.count("lxc")) == (71, 46)
    by_name = {one.name: one for one in guests.values()}
    database = by_name["shop-db-01"]
    assert database.attributes["type"] == "16c64g"
    assert database.attributes["pool"] == "shop"
    assert database.attributes["network"] == "shopnet"
    assert database.created_at is not None
    assert by_name["dns-01"].attributes["private_addresses"] == ["10.20.1.71"]
    assert by_name["win-terminal-01"].attributes["platform"] == "win11"
    assert by_name["dev-11"].state == InstanceState.STOPPED


def test_disks_have_their_guests(provider: ProxmoxProvider) -> None:
    disks = read(provider, ResourceKind.DISK)
    guests = read(provider, ResourceKind.INSTANCE)
    for guest in guests.values():
        names = guest.attributes["disks"]
        assert isinstance(names, list)
        for name in names:
            assert disks[str(name)].attributes["attached_to"] == [guest.id]
    orphans = sorted(one.id for one in disks.values() if not one.attributes["attached_to"])
    assert orphans == [
        "ceph:vm-100-disk-1",
        "ceph:vm-404-disk-0",
        "ceph:vm-417-disk-0",
        "ceph:vm-433-disk-0",
        "pve3/local-lvm:vm-388-disk-1",
    ]
    assert disks["ceph:vm-404-disk-0"].attributes["size_gib"] == 50
    assert disks["pve3/local-lvm:vm-388-disk-1"].zone == "pve3"


def test_networks_are_those_of_the_cluster(provider: ProxmoxProvider) -> None:
    networks = read(provider, ResourceKind.NETWORK)
    assert sorted(networks) == ["erpnet", "shopnet", "vmbr0", "vmbr1", "vmbr9"]
    assert networks["vmbr0"].attributes["zones"] == ["pve1", "pve2", "pve3"]
    assert networks["vmbr0"].attributes["cidrs"] == ["10.20.0.0/24", "fd20::/64"]
    assert networks["vmbr9"].zone == "pve2"
    assert networks["erpnet"].attributes["cidrs"] == ["10.41.0.0/24", "10.42.0.0/24", "fd41::/64"]
    assert networks["erpnet"].attributes["type"] == "vnet"


def test_templates_and_files_are_images(provider: ProxmoxProvider) -> None:
    images = read(provider, ResourceKind.IMAGE)
    assert images["9000"].name == "ubuntu-24.04"
    assert images["9002"].attributes["virtualization"] == "lxc"
    assert images["nas:import/debian-12-genericcloud-amd64.qcow2"].attributes["size_gib"] == 0.32
    assert len(images) == 8


def test_a_family_has_templates_and_disk_images(provider: ProxmoxProvider) -> None:
    found = provider.list_images(CLUSTER, "debian-12")
    assert {one.id for one in found} == {"9001", "nas:import/debian-12-genericcloud-amd64.qcow2"}
    assert [one.id for one in provider.list_images(CLUSTER, "ubuntu-24.04")] == ["9000"]


def test_the_number_of_calls(provider: ProxmoxProvider, proxmox_estate: ProxmoxSandbox) -> None:
    read(provider, ResourceKind.INSTANCE)
    counts = proxmox_estate.calls()
    assert sum(number for action, number in counts.items() if action.endswith("/config")) == 117
    assert sum(counts.values()) <= 117 + 3 * 3 + 4
