"""Conversion of managed images and gallery image versions to inventory resources."""

from __future__ import annotations

from providers.azure.galleries import to_version
from providers.azure.images import to_image
from skyclust.model.resource import ResourceState
from tests.unit.azure.test_resources import COMPUTE, resource


def test_an_image() -> None:
    boot = {"osType": "Linux", "diskSizeGB": 30, "snapshot": {"id": f"{COMPUTE}/snapshots/B"}}
    data = [{"diskSizeGB": 8, "snapshot": {"id": f"{COMPUTE}/snapshots/A"}}]
    image = to_image(
        resource("images", "golden", storageProfile={"osDisk": boot, "dataDisks": data})
    )
    assert image.attributes["size_gib"] == 38
    assert image.attributes["platform"] == "Linux"
    assert image.attributes["snapshots"] == [
        f"{COMPUTE}/snapshots/{name}".lower() for name in ("A", "B")
    ]


def test_a_version_in_a_gallery_is_an_image() -> None:
    gallery = resource("galleries", "Shared", sharingProfile={"permissions": "Community"})
    definition = resource(
        "images", "Hardened", osType="Linux", architecture="Arm64", description="for all"
    )
    version = resource(
        "images",
        "1.2.0",
        top={"id": f"{COMPUTE}/galleries/Shared/images/Hardened/versions/1.2.0"},
        publishingProfile={"publishedDate": "2026-01-02T03:04:05Z"},
        storageProfile={
            "osDiskImage": {"sizeInGB": 30, "source": {"id": f"{COMPUTE}/snapshots/B"}},
            "dataDiskImages": [{"sizeInGB": 8, "source": {"id": f"{COMPUTE}/disks/A"}}],
        },
    )
    image = to_version(gallery, definition, version)
    assert (image.name, image.state) == ("Hardened/1.2.0", ResourceState.AVAILABLE)
    assert image.attributes == {
        "architecture": "arm64",
        "description": "for all",
        "platform": "Linux",
        "public": True,
        "size_gib": 38,
        "snapshots": [f"{COMPUTE}/snapshots/B".lower()],
    }
