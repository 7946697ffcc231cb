"""Mapping of machine types and images."""

from __future__ import annotations

import pytest

from providers.gcp.catalog import is_active, to_image, to_instance_type
from providers.gcp.image_families import FAMILIES, publisher_of
from skyclust.model.catalog import Architecture
from tests.unit.gcp.examples import HOME


def test_a_machine_type_has_its_size_and_its_zones() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/machineTypes
    made = to_instance_type(
        "us-central1",
        {
            "name": "a2-highgpu-2g",
            "guestCpus": 24,
            "memoryMb": 174080,
            "architecture": "X86_64",
            "accelerators": [
                {"guestAcceleratorType": "nvidia-tesla-a100", "guestAcceleratorCount": 2}
            ],
        },
        ["us-central1-a", "us-central1-c"],
    )
    assert (made.cores, made.memory_mib, made.gpus) == (24, 174080, 2)
    assert made.zones == ("us-central1-a", "us-central1-c")
    assert made.architecture is Architecture.X86_64


def test_the_id_of_a_publisher_image_includes_its_project() -> None:
    link = f"{HOME}/global/images/i".replace("acme", "ubuntu-os-cloud")
    image = {
        "name": "i",
        "selfLink": link,
        "architecture": "ARM64",
        "diskSizeGb": "10",
        "family": "ubuntu-2404-lts-arm64",
    }
    made = to_image("europe-west3", "ubuntu-24.04", Architecture.ARM64, image)
    assert made.id == "projects/ubuntu-os-cloud/global/images/i"
    assert (made.family, made.architecture) == ("ubuntu-24.04", Architecture.ARM64)
    assert made.minimum_disk_gib == 10


@pytest.mark.parametrize(
    ("state", "offered"),
    [("ACTIVE", True), ("DEPRECATED", False), ("OBSOLETE", False), ("DELETED", False)],
)
def test_only_resources_in_a_deprecated_state_are_inactive(state: str, offered: bool) -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/images/deprecate: the date of a
    # deprecation may be in the future.
    planned = {"deprecated": {"state": state, "deprecated": "2031-01-01T00:00:00Z"}}
    assert is_active(planned) is offered
    assert is_active({})
    assert is_active({"deprecated": None})


def test_every_known_family_has_the_publisher_of_its_prefix() -> None:
    for family in FAMILIES.values():
        assert publisher_of(family.x86_64) == family.project
        assert family.name(Architecture.ARM64) == family.arm64
    assert publisher_of("golden") is None
