"""The images of the marketplace that machines can be made from.

Source: https://documentation.ubuntu.com/azure/azure-how-to/instances/find-ubuntu-images/ and
https://wiki.debian.org/Cloud/MicrosoftAzure
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute.virtual_machine_sizes import require_location
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import Document, refusal, reply


@dataclass(frozen=True)
class Line:
    """What a publisher offers under one SKU, with its versions from the oldest on."""

    publisher: str
    offer: str
    sku: str
    versions: tuple[str, ...]
    architecture: str = "x64"
    generation: str = "V2"
    os: str = "Linux"
    size_gib: int = 30


_UBUNTU: Final = ("24.04.202404230", "24.04.202502210", "24.04.202609100")
_JAMMY: Final = ("22.04.202401161", "22.04.202502210", "22.04.202609050")
_BOOKWORM: Final = ("0.20240201.1644", "0.20250316.2053", "0.20260831.2220")

LINES: Final = (
    Line("Canonical", "ubuntu-24_04-lts", "server", _UBUNTU),
    Line("Canonical", "ubuntu-24_04-lts", "server-gen1", _UBUNTU, generation="V1"),
    Line("Canonical", "ubuntu-24_04-lts", "server-arm64", _UBUNTU, architecture="Arm64"),
    Line("Canonical", "ubuntu-24_04-lts", "minimal", _UBUNTU),
    Line("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", _JAMMY, generation="V1"),
    Line("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2", _JAMMY),
    Line(
        "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-arm64", _JAMMY, architecture="Arm64"
    ),
    Line("Debian", "debian-12", "12", _BOOKWORM, generation="V1"),
    Line("Debian", "debian-12", "12-gen2", _BOOKWORM),
    Line("Debian", "debian-12", "12-arm64", _BOOKWORM, architecture="Arm64"),
    Line(
        "MicrosoftWindowsServer",
        "WindowsServer",
        "2022-datacenter-azure-edition",
        ("20348.2227.240104", "20348.4171.260908"),
        os="Windows",
        size_gib=127,
    ),
)
"""What there is in every location."""


def find_line(publisher: str, offer: str, sku: str) -> Line | None:
    """Return the line of this name, in any spelling."""
    wanted = (publisher.lower(), offer.lower(), sku.lower())
    return next(
        (
            line
            for line in LINES
            if (line.publisher.lower(), line.offer.lower(), line.sku.lower()) == wanted
        ),
        None,
    )


def resolve(reference: dict[str, Any]) -> tuple[Line, str]:
    """Return the line and exact version that an image reference means; refuses others."""
    named = [str(reference.get(name, "")) for name in ("publisher", "offer", "sku")]
    version = str(reference.get("version", "latest"))
    line = find_line(*named)
    exact = version if line is None or version.lower() != "latest" else line.versions[-1]
    if line is None or exact not in line.versions:
        raise refusal(
            404,
            "PlatformImageNotFound",
            f"The platform image '{':'.join([*named, version])}' is not available. Verify that all"
            " fields in the storage profile are correct. For more details about storage profile"
            " information, please refer to https://aka.ms/storageprofile",
        )
    return line, exact


def list_publishers(ask: Ask) -> Response:
    """VirtualMachineImages_ListPublishers."""
    return _listed(ask, sorted({line.publisher for line in LINES}), "")


def list_offers(ask: Ask) -> Response:
    """VirtualMachineImages_ListOffers."""
    offers = {line.offer for line in _of_publisher(ask)}
    return _listed(ask, sorted(offers), "/artifacttypes/vmimage/offers")


def list_skus(ask: Ask) -> Response:
    """VirtualMachineImages_ListSkus."""
    offer = ask.names["offer"].lower()
    skus = {line.sku for line in _of_publisher(ask) if line.offer.lower() == offer}
    if not skus:
        raise _not_found(f"Offer: {ask.names['offer']}")
    return _listed(ask, sorted(skus), f"/artifacttypes/vmimage/offers/{ask.names['offer']}/skus")


def list_versions(ask: Ask) -> Response:
    """VirtualMachineImages_List; $top and $orderby=name desc as in Azure."""
    line = _require_line(ask)
    versions = list(line.versions)
    if ask.request.args.get("$orderby", "").lower() == "name desc":
        versions.reverse()
    if "$top" in ask.request.args:
        versions = versions[: int(ask.request.args["$top"])]
    full = ask.request.args.get("$expand", "").lower() == "properties"
    return reply([_version(ask, line, version, full=full) for version in versions])


def get_version(ask: Ask) -> Response:
    """VirtualMachineImages_Get."""
    line = _require_line(ask)
    version = ask.names["version"]
    if version.lower() == "latest":
        version = line.versions[-1]
    if version not in line.versions:
        raise _not_found(f"Version: {version}")
    return reply(_version(ask, line, version, full=True))


def _require_line(ask: Ask) -> Line:
    require_location(ask)
    line = find_line(ask.names["publisher"], ask.names["offer"], ask.names["sku"])
    if line is None:
        raise _not_found(f"Sku: {ask.names['sku']}")
    return line


def _of_publisher(ask: Ask) -> list[Line]:
    wanted = ask.names["publisher"].lower()
    found = [line for line in LINES if line.publisher.lower() == wanted]
    if not found:
        raise _not_found(f"Publisher: {ask.names['publisher']}")
    return found


def _not_found(what: str) -> Exception:
    return refusal(404, "NotFound", f"Artifact: VMImage was not found. {what}")


def _listed(ask: Ask, names: list[str], below: str) -> Response:
    location = require_location(ask)
    publishers = (
        f"/Subscriptions/{ask.names['subscription']}/Providers/Microsoft.Compute"
        f"/Locations/{location}/Publishers"
    )
    prefix = f"{publishers}/{ask.names['publisher']}{below}" if below else publishers
    return reply([{"location": location, "name": name, "id": f"{prefix}/{name}"} for name in names])


def _version(ask: Ask, line: Line, version: str, *, full: bool) -> Document:
    location = require_location(ask)
    told: Document = {
        "location": location,
        "name": version,
        "id": f"/Subscriptions/{ask.names['subscription']}/Providers/Microsoft.Compute"
        f"/Locations/{location}/Publishers/{line.publisher}/ArtifactTypes/VMImage"
        f"/Offers/{line.offer}/Skus/{line.sku}/Versions/{version}",
    }
    if full:
        told["properties"] = {
            "hyperVGeneration": line.generation,
            "architecture": line.architecture,
            "disallowed": {"vmDiskType": "Unmanaged"},
            "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
            "imageDeprecationStatus": {"imageState": "Active"},
            "features": [{"name": "IsAcceleratedNetworkSupported", "value": "True"}],
            "osDiskImage": {"operatingSystem": line.os},
            "dataDiskImages": [],
        }
    return told
