"""Families of images, and flavors as instance types."""

from __future__ import annotations

from typing import Any

import pytest

from providers.openstack.catalog import is_snapshot, to_family
from providers.openstack.flavors import to_instance_type
from skyclust.model.catalog import Architecture


@pytest.mark.parametrize(
    ("image", "family"),
    [
        ({"os_distro": "ubuntu", "os_version": "24.04"}, "ubuntu-24.04"),
        ({"os_distro": "ubuntu", "os_version": "noble"}, "ubuntu-24.04"),
        ({"os_distro": "debian", "os_version": "12.7"}, "debian-12"),
        ({"os_distro": "rocky", "os_version": "9.4"}, "rocky-9"),
        ({"name": "Ubuntu 24.04"}, "ubuntu-24.04"),
        ({"name": "ubuntu-24.04-server-cloudimg-amd64"}, "ubuntu-24.04"),
        ({"name": "noble-server-cloudimg-amd64", "os_distro": "ubuntu"}, "ubuntu-24.04"),
        ({"name": "Debian 12 bookworm"}, "debian-12"),
        ({"name": "debian-12-genericcloud-amd64-20260901"}, "debian-12"),
        ({"name": "Rocky Linux 9"}, "rocky-9"),
        ({"name": "Red Hat Enterprise Linux"}, ""),
        ({"name": "windows-2022"}, ""),
        ({"name": "ubuntu"}, ""),
    ],
)
def test_the_family_of_an_image_follows_from_properties_or_name(
    image: dict[str, Any], family: str
) -> None:
    assert to_family(image) == family


def test_a_snapshot_of_a_server_is_not_an_image_of_a_family() -> None:
    assert is_snapshot({"image_type": "snapshot"})
    assert is_snapshot({"instance_uuid": "x"})
    assert not is_snapshot({"image_type": "image"})


def _type(**specs: str) -> dict[str, Any]:
    flavor = {"id": "7", "name": "g1", "vcpus": 8, "ram": 32768, "disk": 80}
    return {**flavor, "extra_specs": specs}


def test_a_flavor_is_an_instance_type() -> None:
    plain = to_instance_type("RegionOne", _type())
    assert (plain.name, plain.cores, plain.memory_mib, plain.gpus) == ("g1", 8, 32768, 0)
    assert plain.architecture is Architecture.X86_64
    assert plain.attributes["disk_gib"] == 80


@pytest.mark.parametrize(
    ("specs", "gpus"),
    [
        ({"resources:VGPU": "1"}, 1),
        ({"resources2:VGPU": "2"}, 2),
        ({"pci_passthrough:alias": "gpu-a100:2"}, 2),
        ({"pci_passthrough:alias": "qat:1"}, 0),
    ],
)
def test_gpus_follow_from_extra_specs(specs: dict[str, str], gpus: int) -> None:
    assert to_instance_type("RegionOne", _type(**specs)).gpus == gpus


@pytest.mark.parametrize(
    "specs",
    [
        {"hw:architecture": "aarch64"},
        {"trait:HW_ARCH_AARCH64": "required"},
        {"capabilities:cpu_info:arch": "<in> aarch64"},
    ],
)
def test_the_architecture_follows_from_extra_specs(specs: dict[str, str]) -> None:
    assert to_instance_type("RegionOne", _type(**specs)).architecture is Architecture.ARM64
