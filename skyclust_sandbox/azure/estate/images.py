"""The images of the estate: one of a disk, and the gallery that they have moved to since."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from skyclust_sandbox.azure.compute import disks, galleries, images, virtual_machine_images
from skyclust_sandbox.azure.estate.builder import Builder
from skyclust_sandbox.azure.estate.vm_plan import Site
from skyclust_sandbox.azure.responses import timestamp, today
from skyclust_sandbox.azure.tracked_resources import properties

_GROUP: Final = "rg-images"


def build_images(builder: Builder, site: Site) -> None:
    """Make the company's images of a site."""
    line = next(line for line in virtual_machine_images.LINES if line.offer == "debian-12")
    versions = f"/Subscriptions/{builder.subscription}/Providers/Microsoft.Compute/Locations"
    versions += f"/{builder.location}/Publishers/{line.publisher}/ArtifactTypes/VMImage/Offers"
    reference = f"{versions}/{line.offer}/Skus/{line.sku}/Versions/{line.versions[-1]}"
    golden = builder.make(
        disks.KIND,
        _GROUP,
        f"disk-golden-{site.short}",
        sku={"name": "Standard_LRS"},
        properties={
            "creationData": {"createOption": "FromImage", "imageReference": {"id": reference}}
        },
    )
    properties(golden)["timeCreated"] = timestamp(today() - timedelta(days=60))
    builder.make(
        images.KIND,
        _GROUP,
        f"img-golden-{site.short}-2026-09",
        tags={"family": "debian-12"},
        properties={
            "storageProfile": {
                "osDisk": {
                    "osType": "Linux",
                    "osState": "Generalized",
                    "managedDisk": {"id": golden.id},
                }
            }
        },
    )
    _build_gallery(builder, site, golden.id)


def _build_gallery(builder: Builder, site: Site, source: str) -> None:
    """Make the gallery that the company's images have moved to."""
    group, name = _GROUP, f"gal_{site.short}"
    builder.make(galleries.KIND, group, name, properties={"description": "Images for all teams."})
    definition = {"child": "debian-hardened"}
    builder.make(
        galleries.DEFINITION,
        group,
        name,
        within=definition,
        properties={
            "osType": "Linux",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "identifier": {"publisher": "contoso", "offer": "debian", "sku": "hardened"},
        },
    )
    for version, days in (("1.0.0", 120), ("1.1.0", 30)):
        published = timestamp(today() - timedelta(days=days))
        made = builder.make(
            galleries.VERSION,
            group,
            name,
            within={**definition, "grandchild": version},
            properties={
                "publishingProfile": {"targetRegions": [{"name": builder.location}]},
                "storageProfile": {"osDiskImage": {"source": {"id": source}}},
            },
        )
        properties(made)["publishingProfile"]["publishedDate"] = published
