"""Machine types and images that instances can be created from.

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
from providers.gcp.links import GLOBAL, name_of, self_link
from providers.gcp.paging import MAX_PAGE_SIZE, list_pages
from providers.gcp.regions import get_zones
from providers.gcp.timestamps import timestamp_of
from skyclust.contract import CatalogProvider
from skyclust.errors import UnexpectedAnswer
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


class GcpCatalog(CatalogProvider):
    """Machine types and image families of Compute Engine."""

    _clients: GcpClients

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        """Yield pages of the machine types of a region, each type with the zones that offer it.

        Deprecated types are left out. All zones are read before the first page, because several
        zones may offer the same type. Raises NotFound for an unknown region.
        """
        if region == GLOBAL:
            return
        types: dict[str, JsonObject] = {}
        zones: dict[str, list[str]] = {}
        reader = ItemReader("gcp", f"machine types of {region}")
        for zone in get_zones(self._clients, region):
            doing = f"list the machine types of {zone}"
            for page in list_pages(self._clients, f"zones/{zone}/machineTypes", doing):
                for name, machine_type in reader.read(page, _named_type, region=region):
                    types.setdefault(name, machine_type)
                    zones.setdefault(name, []).append(zone)
        names = sorted(types)
        for start in range(0, len(names), MAX_PAGE_SIZE):
            yield reader.read(
                names[start : start + MAX_PAGE_SIZE],
                lambda name: to_instance_type(region, types[name], zones[name]),
                region=region,
                name=str,
            )
        reader.finish()

    def list_images(
        self, region: str, family: str, architecture: Architecture = Architecture.X86_64
    ) -> Sequence[Image]:
        """Return the usable images of a family for an architecture, the newest first.

        A family that is not in `FAMILIES` is one of the project, or one of the publisher whose
        prefix it has. Raises NotFound for an unknown region, although images are global.
        """
        get_zones(self._clients, region)
        reader = ItemReader("gcp", f"images of family {family!r}")
        images: list[Image] = []
        for path, name in _family_lists(family, architecture):
            doing = f"list the images of family {name!r}"
            to_usable = partial(_to_usable_image, region, family, name, architecture)
            for page in list_pages(self._clients, path, doing, filter=f'family = "{name}"'):
                images += reader.read(page, to_usable, region=region)
        reader.finish()
        oldest = datetime.min.replace(tzinfo=UTC)
        return sorted(images, key=lambda image: image.created_at or oldest, reverse=True)


def _named_type(machine_type: JsonObject) -> tuple[str, JsonObject] | None:
    """Return a machine type with its name, None for a deprecated type."""
    named = (fields.required_text(machine_type, "name"), machine_type)
    return named if is_active(machine_type) else None


def to_instance_type(region: str, machine_type: JsonObject, zones: Sequence[str]) -> InstanceType:
    """Return the model of a machine type; raises UnexpectedAnswer for a missing field."""
    accelerators = fields.objects(machine_type, "accelerators")
    return InstanceType(
        provider="gcp",
        region=region,
        name=fields.required_text(machine_type, "name"),
        cores=fields.required_integer(machine_type, "guestCpus"),
        memory_mib=fields.required_integer(machine_type, "memoryMb"),
        architecture=_architecture(machine_type),
        gpus=sum(
            fields.required_integer(accelerator, "guestAcceleratorCount")
            for accelerator in accelerators
        ),
        zones=tuple(zones),
        burstable=bool(fields.flag(machine_type, "isSharedCpu")),
    )


def _architecture(machine_type: JsonObject) -> Architecture:
    name = fields.required_text(machine_type, "architecture")
    known = {architecture.value: architecture for architecture in Architecture}
    if (architecture := known.get(name.lower())) is None:
        raise UnexpectedAnswer(f"There is no architecture {name!r}.", provider="gcp")
    return architecture


def _family_lists(family: str, architecture: Architecture) -> Iterator[tuple[str, str]]:
    """Yield the image lists that may have a family, each with the name of the family there."""
    if (known := FAMILIES.get(family)) is not None:
        if (name := known.name(architecture)) is not None:
            yield f"projects/{known.project}/global/images", name
        return
    yield "global/images", family
    if (publisher := publisher_of(family)) is not None:
        yield f"projects/{publisher}/global/images", family


def _to_usable_image(
    region: str, family: str, name: str, architecture: Architecture, image: JsonObject
) -> Image | None:
    """Return the model of an image that instances can be created from, None for any other.

    An image without `architecture` is older than that field and is x86-64.
    """
    usable = (
        fields.text(image, "family") == name
        and fields.text(image, "status") == "READY"
        and is_active(image)
        and (architecture_of(image) or Architecture.X86_64) == architecture
    )
    return to_image(region, family, architecture, image) if usable else None


def is_active(resource: JsonObject) -> bool:
    """Return whether an image or a machine type is not deprecated.

    Its deprecation state is ACTIVE while the date of its deprecation is in the future.
    """
    return fields.text(fields.inner(resource, "deprecated"), "state") in {None, "ACTIVE"}


def to_image(region: str, family: str, architecture: Architecture, image: JsonObject) -> Image:
    """Return the model of an image; its id is its link from `projects/` on."""
    link = self_link(image)
    return Image(
        provider="gcp",
        region=region,
        id=f"projects/{link.project}/global/images/{link.name}",
        name=name_of(image, link),
        family=family,
        architecture=architecture,
        created_at=timestamp_of(image, "creationTimestamp"),
        minimum_disk_gib=fields.integer(image, "diskSizeGb"),
        attributes={"family": fields.text(image, "family")},
    )
