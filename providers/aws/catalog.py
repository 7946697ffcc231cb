"""Instance types, and images by their family.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeInfo.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeOffering.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.aws.lookups import CANONICAL, DEBIAN
from providers.aws.paging import get_pages
from providers.aws.regions import regional_errors
from skyclust.contract import CatalogProvider
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef, InstanceTypeInfoTypeDef

    from providers.aws.client import AwsClients

TYPES_PAGE: Final = 100
"""The largest page of DescribeInstanceTypes."""

# Image names as the publishers document them, with `*` for the date of the build:
# https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/,
# https://wiki.debian.org/Cloud/AmazonEC2Image,
# https://docs.aws.amazon.com/linux/al2023/ug/naming-and-versioning.html
_UBUNTU: Final = {"20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
_PUBLISHED_FOR: Final = {Architecture.X86_64: "amd64", Architecture.ARM64: "arm64"}


class AwsCatalog(CatalogProvider):
    """Instance types of EC2, and the images of Canonical, Debian and Amazon."""

    _clients: AwsClients

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield the types offered in a region, with the zones that offer each."""
        zones = _zones_by_type(self._clients, region)
        items = ItemReader("aws", f"instance types in {region}")
        pages = get_pages(
            self._clients.ec2(region),
            "describe_instance_types",
            "InstanceTypes",
            PaginationConfig={"PageSize": TYPES_PAGE},
        )
        while True:
            with regional_errors(self._clients, region, f"list instance types in {region}"):
                page = next(pages, None)
            if page is None:
                break
            yield items.read(
                page,
                lambda info: to_offered_type(region, info, zones),
                region=region,
                name=lambda info: str(info["InstanceType"]),
            )
        items.finish()

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the available images of a family, the newest first; [] for an unknown family.

        Known families are `ubuntu-VERSION` by Canonical, `debian-VERSION` by Debian and
        `amazon-linux-2023` by Amazon.
        """
        published = image_name(family, architecture)
        if published is None:
            return []
        owner, name = published
        filters = [
            {"Name": "name", "Values": [name]},
            {"Name": "state", "Values": ["available"]},
        ]
        pages = get_pages(
            self._clients.ec2(region), "describe_images", "Images", Owners=[owner], Filters=filters
        )
        with regional_errors(self._clients, region, f"list images of {family} in {region}"):
            images = [
                to_image(region, family, architecture, image) for page in pages for image in page
            ]
        return sorted(images, key=lambda image: (str(image.created_at), image.id), reverse=True)


def to_offered_type(
    region: str, info: InstanceTypeInfoTypeDef, zones: Mapping[str, Sequence[str]]
) -> InstanceType | None:
    """Return an instance type with its zones; None when no zone of the region offers it."""
    offered = zones.get(info["InstanceType"])
    return to_instance_type(region, info, offered) if offered else None


def to_instance_type(
    region: str, info: InstanceTypeInfoTypeDef, zones: Sequence[str]
) -> InstanceType:
    """Return a type as an `InstanceType`."""
    architectures = (info.get("ProcessorInfo") or {}).get("SupportedArchitectures") or []
    gpus = (info.get("GpuInfo") or {}).get("Gpus") or ()
    return InstanceType(
        provider="aws",
        region=region,
        name=info["InstanceType"],
        cores=info["VCpuInfo"]["DefaultVCpus"],
        memory_mib=info["MemoryInfo"]["SizeInMiB"],
        architecture=_architecture(architectures),
        gpus=sum(gpu.get("Count") or 0 for gpu in gpus),
        zones=tuple(sorted(zones)),
        burstable=bool(info.get("BurstablePerformanceSupported")),
        family=info["InstanceType"].partition(".")[0],
        attributes={
            "current_generation": info.get("CurrentGeneration"),
            "bare_metal": info.get("BareMetal"),
        },
    )


def image_name(family: str, architecture: Architecture) -> tuple[str, str] | None:
    """Return the owner and the name pattern of a family's images; None for an unknown family."""
    processor = _PUBLISHED_FOR[architecture]
    if family == "amazon-linux-2023":
        return "amazon", f"al2023-ami-2023.*-{architecture.value}"
    if match := re.fullmatch(r"debian-(\d+)", family):
        return DEBIAN, f"debian-{match[1]}-{processor}-*"
    match = re.fullmatch(r"ubuntu-(\d\d\.\d\d)", family)
    if match is None or match[1] not in _UBUNTU:
        return None
    release = f"{_UBUNTU[match[1]]}-{match[1]}"
    return CANONICAL, f"ubuntu/images/hvm-ssd*/ubuntu-{release}-{processor}-server-*"


def to_image(region: str, family: str, architecture: Architecture, image: ImageTypeDef) -> Image:
    """Return an AMI as a member of a family."""
    mappings = image.get("BlockDeviceMappings") or ()
    sizes = [(mapping.get("Ebs") or {}).get("VolumeSize") or 0 for mapping in mappings]
    created = image.get("CreationDate")
    return Image(
        provider="aws",
        region=region,
        id=image["ImageId"],
        name=image.get("Name") or "",
        family=family,
        architecture=architecture,
        created_at=datetime.fromisoformat(created).astimezone(UTC) if created else None,
        minimum_disk_gib=max(sizes, default=0) or None,
    )


def _zones_by_type(clients: AwsClients, region: str) -> dict[str, list[str]]:
    zones: defaultdict[str, list[str]] = defaultdict(list)
    pages = get_pages(
        clients.ec2(region),
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
    )
    with regional_errors(clients, region, f"list the zones of instance types in {region}"):
        for page in pages:
            for offering in page:
                zones[offering["InstanceType"]].append(offering["Location"])
    return dict(zones)


def _architecture(supported: Sequence[str]) -> Architecture:
    return Architecture.ARM64 if "arm64" in supported else Architecture.X86_64
