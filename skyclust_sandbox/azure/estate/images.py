"""The images of the estate: a managed image, and the gallery that has replaced it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from skyclust_sandbox.azure.compute import disks, galleries, images, virtual_machine_images
from skyclust_sandbox.azure.estate.builder import Builder
from skyclust_sandbox.azure.estate.vm_plan import Site
from skyclust_sandbox.azure.responses import start_of_today, timestamp

_GROUP: Final = "rg-images"


def create_images(builder: Builder, site: Site) -> None:
    """Create the images of a site: a managed image with its source disk, and a gallery."""
    sku = next(sku for sku in virtual_machine_images.IMAGE_SKUS if sku.offer == "debian-12")
    offers = (
        f"/Subscriptions/{builder.subscription}/Providers/Microsoft.Compute/Locations"
        f"/{builder.location}/Publishers/{sku.publisher}/ArtifactTypes/VMImage/Offers"
    )
    reference = f"{offers}/{sku.offer}/Skus/{sku.name}/Versions/{sku.versions[-1]}"
    source_disk = builder.create(
        disks.RESOURCE_TYPE,
        _GROUP,
        f"disk-golden-{site.short}",
        sku={"name": "Standard_LRS"},
        properties={
            "creationData": {"createOption": "FromImage", "imageReference": {"id": reference}}
        },
    )
    created = start_of_today() - timedelta(days=60)
    source_disk.properties["timeCreated"] = timestamp(created)
    builder.create(
        images.RESOURCE_TYPE,
        _GROUP,
        f"img-golden-{site.short}-2026-09",
        tags={"family": "debian-12"},
        properties={
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "managedDisk": {"id": source_disk.id},
                }
            }
        },
    )
    _create_gallery(builder, site, source_disk.id)


def _create_gallery(builder: Builder, site: Site, source_id: str) -> None:
    """Create the gallery of a site, with one image and its versions."""
    name = f"gal_{site.short}"
    builder.create(
        galleries.GALLERY, _GROUP, name, properties={"description": "Images for all teams."}
    )
    image = {"image": "debian-hardened"}
    builder.create(
        galleries.IMAGE,
        _GROUP,
        name,
        child_names=image,
        properties={
            "osType": "Linux",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "identifier": {"publisher": "contoso", "offer": "debian", "sku": "hardened"},
        },
    )
    for version, days in (("1.0.0", 120), ("1.1.0", 30)):
        resource = builder.create(
            galleries.IMAGE_VERSION,
            _GROUP,
            name,
            child_names={**image, "version": version},
            properties={
                "publishingProfile": {"targetRegions": [{"name": builder.location}]},
                "storageProfile": {"osDiskImage": {"source": {"id": source_id}}},
            },
        )
        published = timestamp(start_of_today() - timedelta(days=days))
        resource.properties["publishingProfile"]["publishedDate"] = published
