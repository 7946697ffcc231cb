"""What machines can be made of: machine types and images.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1/machineTypes and
https://cloud.google.com/compute/docs/images/image-families-best-practices
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.image_families import FAMILIES, publisher_of
from providers.gcp.images import architecture_of
from providers.gcp.links import GLOBAL, name_of, own_link
from providers.gcp.paging import LARGEST_PAGE, pages
from providers.gcp.regions import get_zones
from providers.gcp.timestamps import moment_of
from skyclust.errors import UnexpectedAnswer
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

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
    reader = ItemReader("gcp", f"machine types of {region}")
    for zone in get_zones(clients, region):
        doing = f"list the machine types of {zone}"
        for page in pages(clients, f"zones/{zone}/machineTypes", doing):
            for name, machine_type in reader.read(page, _offered, region=region):
                offered.setdefault(name, machine_type)
                zones.setdefault(name, []).append(zone)
    names = sorted(offered)
    for begin in range(0, len(names), LARGEST_PAGE):
        yield reader.read(
            names[begin : begin + LARGEST_PAGE],
            lambda name: to_instance_type(region, offered[name], zones[name]),
            region=region,
            name=str,
        )
    reader.finish()


def _offered(machine_type: Answer) -> tuple[str, Answer] | None:
    """Return a machine type with its name, None for one that is deprecated."""
    named = (fields.required_text(machine_type, "name"), machine_type)
    return named if is_offered(machine_type) else None


def to_instance_type(region: str, machine_type: Answer, zones: Sequence[str]) -> InstanceType:
    """Return a machine type in our words."""
    accelerators = fields.parts(machine_type, "accelerators")
    return InstanceType(
        provider="gcp",
        region=region,
        name=fields.required_text(machine_type, "name"),
        cores=_required(machine_type, "guestCpus"),
        memory_mib=_required(machine_type, "memoryMb"),
        architecture=_architecture(machine_type),
        gpus=sum(_required(one, "guestAcceleratorCount") for one in accelerators),
        zones=tuple(zones),
        attributes={"shared_core": fields.flag(machine_type, "isSharedCpu")},
    )


def _architecture(machine_type: Answer) -> Architecture:
    told = fields.required_text(machine_type, "architecture")
    known = {one.value: one for one in Architecture}
    if (architecture := known.get(told.lower())) is None:
        raise UnexpectedAnswer(f"There is no architecture {told!r}.", provider="gcp")
    return architecture


def _required(thing: Answer, key: str) -> int:
    value = fields.number(thing, key)
    if value is None:
        raise UnexpectedAnswer(f"The answer has no {key!r}.", provider="gcp")
    return value


def list_images(
    clients: GcpClients, region: str, family: str, architecture: Architecture
) -> list[Image]:
    """Return the usable images of a family for an architecture, the newest first.

    A word that is not the house's is a family of the project, or one of the publisher whose
    name it begins with. Raises NotFound for an unknown region; images themselves belong to none.
    """
    get_zones(clients, region)
    reader = ItemReader("gcp", f"images of family {family!r}")
    found: list[Image] = []
    for path, name in _places(family, architecture):
        doing = f"list the images of family {name!r}"
        to_usable = partial(_to_usable, region, family, name, architecture)
        for page in pages(clients, path, doing, filter=f'family = "{name}"'):
            found += reader.read(page, to_usable, region=region)
    reader.finish()
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


def _to_usable(
    region: str, family: str, name: str, architecture: Architecture, image: Answer
) -> Image | None:
    """Return an image that machines can be made from, None for any other.

    One that says nothing of an architecture is from before that field, when all were x86.
    """
    usable = (
        fields.text(image, "family") == name
        and fields.text(image, "status") == "READY"
        and is_offered(image)
        and (architecture_of(image) or Architecture.X86_64) == architecture
    )
    return to_image(region, family, architecture, image) if usable else None


def is_offered(thing: Answer) -> bool:
    """Return whether an image or a type is not deprecated; one whose end is planned is ACTIVE."""
    return fields.text(fields.part(thing, "deprecated"), "state") in {None, "ACTIVE"}


def to_image(region: str, family: str, architecture: Architecture, image: Answer) -> Image:
    """Return an image in our words; its id is its link from `projects/` on."""
    link = own_link(image)
    return Image(
        provider="gcp",
        region=region,
        id=f"projects/{link.project}/global/images/{link.name}",
        name=name_of(image, link),
        family=family,
        architecture=architecture,
        created_at=moment_of(image, "creationTimestamp"),
        minimum_disk_gib=fields.number(image, "diskSizeGb"),
        attributes={"family": fields.text(image, "family")},
    )
