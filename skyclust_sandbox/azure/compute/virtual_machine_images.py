"""Marketplace images.

Source: https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/ and
https://wiki.debian.org/Cloud/MicrosoftAzure
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import require_location
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, arm_error, json_response


@dataclass(frozen=True)
class ImageSku:
    """An image SKU of a publisher's offer, with its versions sorted from oldest to newest."""

    publisher: str
    offer: str
    name: str
    versions: tuple[str, ...]
    architecture: str = "x64"
    generation: str = "V2"
    os: str = "Linux"
    size_gib: int = 30


_UBUNTU: Final = ("24.04.202404230", "24.04.202502210", "24.04.202609100")
_JAMMY: Final = ("22.04.202401161", "22.04.202502210", "22.04.202609050")
_BOOKWORM: Final = ("0.20240201.1644", "0.20250316.2053", "0.20260831.2220")

IMAGE_SKUS: Final = (
    ImageSku("Canonical", "ubuntu-24_04-lts", "server", _UBUNTU),
    ImageSku("Canonical", "ubuntu-24_04-lts", "server-gen1", _UBUNTU, generation="V1"),
    ImageSku("Canonical", "ubuntu-24_04-lts", "server-arm64", _UBUNTU, architecture="Arm64"),
    ImageSku("Canonical", "ubuntu-24_04-lts", "minimal", _UBUNTU),
    ImageSku("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", _JAMMY, generation="V1"),
    ImageSku("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", _JAMMY),
    ImageSku(
        "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64", _JAMMY, architecture="Arm64"
    ),
    ImageSku("Debian", "debian-12", "12", _BOOKWORM, generation="V1"),
    ImageSku("Debian", "debian-12", "12-gen2", _BOOKWORM),
    ImageSku("Debian", "debian-12", "12-arm64", _BOOKWORM, architecture="Arm64"),
    ImageSku(
        "MicrosoftWindowsServer",
        "WindowsServer",
        "2022-datacenter-azure-edition",
        ("20348.2227.240104", "20348.4171.260908"),
        os="Windows",
        size_gib=127,
    ),
)
"""The image SKUs of every location."""


def find_image_sku(publisher: str, offer: str, sku_name: str) -> ImageSku | None:
    """Return the image SKU with these names, which ignore case, or None."""
    names = (publisher.lower(), offer.lower(), sku_name.lower())
    return next(
        (
            sku
            for sku in IMAGE_SKUS
            if (sku.publisher.lower(), sku.offer.lower(), sku.name.lower()) == names
        ),
        None,
    )


def resolve(reference: dict[str, Any]) -> tuple[ImageSku, str]:
    """Return the image SKU and the exact version of an image reference; refuses unknown ones."""
    names = [str(reference.get(name, "")) for name in ("publisher", "offer", "sku")]
    version = str(reference.get("version", "latest"))
    sku = find_image_sku(*names)
    exact = version if sku is None or version.lower() != "latest" else sku.versions[-1]
    if sku is None or exact not in sku.versions:
        raise arm_error(
            404,
            "PlatformImageNotFound",
            f"The platform image '{':'.join([*names, version])}' is not available. Verify that all"
            " fields in the storage profile are correct. For more details about storage profile"
            " information, please refer to https://aka.ms/storageprofile",
        )
    return sku, exact


def list_publishers(context: RequestContext) -> Response:
    """VirtualMachineImages_ListPublishers."""
    return _names_response(context, sorted({sku.publisher for sku in IMAGE_SKUS}), "")


def list_offers(context: RequestContext) -> Response:
    """VirtualMachineImages_ListOffers."""
    offers = {sku.offer for sku in _skus_of_publisher(context)}
    return _names_response(context, sorted(offers), "/artifacttypes/vmimage/offers")


def list_skus(context: RequestContext) -> Response:
    """VirtualMachineImages_ListSkus."""
    offer = context.path_parameters["offer"].lower()
    skus = {sku.name for sku in _skus_of_publisher(context) if sku.offer.lower() == offer}
    if not skus:
        raise _not_found_error(f"Offer: {context.path_parameters['offer']}")
    return _names_response(
        context,
        sorted(skus),
        f"/artifacttypes/vmimage/offers/{context.path_parameters['offer']}/skus",
    )


def list_versions(context: RequestContext) -> Response:
    """VirtualMachineImages_List, with $top, $orderby=name desc and $expand=properties."""
    sku = _require_sku(context)
    versions = list(sku.versions)
    if context.request.args.get("$orderby", "").lower() == "name desc":
        versions.reverse()
    if "$top" in context.request.args:
        versions = versions[: int(context.request.args["$top"])]
    expanded = context.request.args.get("$expand", "").lower() == "properties"
    return json_response(
        [_version_document(context, sku, version, expanded=expanded) for version in versions]
    )


def get_version(context: RequestContext) -> Response:
    """VirtualMachineImages_Get."""
    sku = _require_sku(context)
    version = context.path_parameters["version"]
    if version.lower() == "latest":
        version = sku.versions[-1]
    if version not in sku.versions:
        raise _not_found_error(f"Version: {version}")
    return json_response(_version_document(context, sku, version, expanded=True))


def _require_sku(context: RequestContext) -> ImageSku:
    require_location(context)
    sku = find_image_sku(
        context.path_parameters["publisher"],
        context.path_parameters["offer"],
        context.path_parameters["sku"],
    )
    if sku is None:
        raise _not_found_error(f"Sku: {context.path_parameters['sku']}")
    return sku


def _skus_of_publisher(context: RequestContext) -> list[ImageSku]:
    publisher = context.path_parameters["publisher"].lower()
    skus = [sku for sku in IMAGE_SKUS if sku.publisher.lower() == publisher]
    if not skus:
        raise _not_found_error(f"Publisher: {context.path_parameters['publisher']}")
    return skus


def _not_found_error(artifact: str) -> Exception:
    return arm_error(404, "NotFound", f"Artifact: VMImage was not found. {artifact}")


def _names_response(context: RequestContext, names: list[str], path: str) -> Response:
    location = require_location(context)
    publishers = (
        f"/Subscriptions/{context.subscription}/Providers/Microsoft.Compute"
        f"/Locations/{location}/Publishers"
    )
    prefix = f"{publishers}/{context.path_parameters['publisher']}{path}" if path else publishers
    return json_response(
        [{"location": location, "name": name, "id": f"{prefix}/{name}"} for name in names]
    )


def _version_document(
    context: RequestContext, sku: ImageSku, version: str, *, expanded: bool
) -> Document:
    location = require_location(context)
    document: Document = {
        "location": location,
        "name": version,
        "id": f"/Subscriptions/{context.subscription}/Providers/Microsoft.Compute"
        f"/Locations/{location}/Publishers/{sku.publisher}/ArtifactTypes/VMImage"
        f"/Offers/{sku.offer}/Skus/{sku.name}/Versions/{version}",
    }
    if expanded:
        document["properties"] = {
            "hyperVGeneration": sku.generation,
            "architecture": sku.architecture,
            "disallowed": {"vmDiskType": "Unmanaged"},
            "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
            "imageDeprecationStatus": {"imageState": "Active"},
            "features": [{"name": "IsAcceleratedNetworkSupported", "value": "True"}],
            "osDiskImage": {"operatingSystem": sku.os},
            "dataDiskImages": [],
        }
    return document
