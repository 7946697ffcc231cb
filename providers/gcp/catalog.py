"""What machines can be made of: machine types and images.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/machineTypes and
https://cloud.google.com/compute/docs/images/image-families-best-practices
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from providers.gcp.families import FAMILIES, publisher_of
from providers.gcp.links import GLOBAL, home_of, to_link
from providers.gcp.lists import LARGEST_PAGE, pages
from providers.gcp.moments import to_moment
from providers.gcp.regions import get_zones
from skyclust.model.catalog import Architecture, Image, InstanceType

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients


def list_instance_types(clients: GcpClients, region: str) -> Iterator[Sequence[InstanceType]]:
    """Yield the machine types of a region with the zones that offer them, in pages.

    A type that Google has deprecated is left out. All zones are read before the first page, for
    each of them may offer the same type.
    """
    if region == GLOBAL:
        return
    offered: dict[str, Answer] = {}
    zones: dict[str, list[str]] = {}
    for zone in get_zones(clients, region):
        doing = f"list the machine types of {zone}"
        for page in pages(clients, f"zones/{zone}/machineTypes", doing):
            for machine_type in page:
                if is_offered(machine_type):
                    offered.setdefault(machine_type["name"], machine_type)
                    zones.setdefault(machine_type["name"], []).append(zone)
    names = sorted(offered)
    for begin in range(0, len(names), LARGEST_PAGE):
        yield [
            to_instance_type(region, offered[name], zones[name])
            for name in names[begin : begin + LARGEST_PAGE]
        ]


def to_instance_type(region: str, machine_type: Answer, zones: Sequence[str]) -> InstanceType:
    """Return a machine type in our words."""
    accelerators = machine_type.get("accelerators", ())
    return InstanceType(
        provider="gcp",
        region=region,
        name=machine_type["name"],
        cores=machine_type["guestCpus"],
        memory_mib=machine_type["memoryMb"],
        architecture=_architecture(machine_type),
        gpus=sum(int(one.get("guestAcceleratorCount", 0)) for one in accelerators),
        zones=tuple(zones),
        attributes={"shared_core": bool(machine_type.get("isSharedCpu", False))},
    )


def list_images(
    clients: GcpClients, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the usable images of a family for an architecture, the newest first.

    A word that is not the house's is a family of the project, or one of the publisher whose
    name it begins with. Raises NotFound for an unknown region; images themselves belong to none.
    """
    get_zones(clients, region)
    found = [
        to_image(region, family, image)
        for path, name in _places(family, architecture)
        for page in pages(
            clients, path, f"list the images of family {name!r}", filter=f'family = "{name}"'
        )
        for image in page
        if _is_usable(image, name, architecture)
    ]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda image: image.created_at or oldest, reverse=True)


def _places(family: str, architecture: Architecture) -> Iterator[tuple[str, str]]:
    """Yield where to look for a family, and by which name."""
    if (known := FAMILIES.get(family)) is not None:
        if (name := known.name(architecture)) is not None:
            yield f"projects/{known.project}/global/images", name
        return
    yield "global/images", family
    if (publisher := publisher_of(family)) is not None:
        yield f"projects/{publisher}/global/images", family


def _is_usable(image: Answer, family: str, architecture: Architecture) -> bool:
    return (
        image.get("family") == family
        and image.get("status") == "READY"
        and is_offered(image)
        and _architecture(image) is architecture
    )


def is_offered(thing: Answer) -> bool:
    """Return whether an image or a type is not deprecated; one whose end is planned is ACTIVE."""
    return str(thing.get("deprecated", {}).get("state", "ACTIVE")) == "ACTIVE"


def to_image(region: str, family: str, image: Answer) -> Image:
    """Return an image in our words; its id is its link from `projects/` on."""
    link = to_link(image["selfLink"])
    return Image(
        provider="gcp",
        region=region,
        id=f"projects/{home_of(image['selfLink'])}/global/images/{link.name}",
        name=image["name"],
        family=family,
        architecture=_architecture(image),
        created_at=to_moment(image.get("creationTimestamp")),
        minimum_disk_gib=int(image["diskSizeGb"]) if "diskSizeGb" in image else None,
        attributes={"family": image.get("family")},
    )


def _architecture(thing: Answer) -> Architecture:
    is_arm = thing.get("architecture") == "ARM64"
    return Architecture.ARM64 if is_arm else Architecture.X86_64
