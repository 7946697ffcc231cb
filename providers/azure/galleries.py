"""Images in the galleries of the subscription: each image version is an image of its own.

Azure lists galleries by subscription, definitions by gallery and versions by definition.
Source: https://learn.microsoft.com/en-us/rest/api/compute/gallery-image-versions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, provisioning
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, objects, text
from providers.azure.ids import reference
from providers.azure.images import size_of
from providers.azure.paging import Page, unreadable
from providers.azure.resources import id_of, location_of, name_of, tags_of, to_datetime
from skyclust.errors import NotFound, UnexpectedAnswer
from skyclust.model.catalog import Architecture
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

GALLERIES: Final = "/providers/Microsoft.Compute/galleries"
_ARCHITECTURES: Final = {"x64": Architecture.X86_64, "arm64": Architecture.ARM64}
_COMMUNITY: Final = "community"
"""The sharing permission of a gallery whose images are public."""


def get_versions(clients: AzureClients) -> Iterator[Page]:
    """Yield the image versions in all galleries, without those deleted while they are listed.

    The content of a gallery or definition without an id cannot be listed: the gallery or
    definition itself is then reported as unreadable.
    """
    for galleries in clients.pages(clients.subscription + GALLERIES, api_versions.GALLERIES):
        for gallery in galleries:
            for definition in _children(clients, gallery, "images"):
                if isinstance(definition, Page):
                    yield definition
                    continue
                for version in _children(clients, definition, "versions"):
                    to_resource = partial(to_version, gallery, definition)
                    yield (version if isinstance(version, Page) else Page([version], to_resource))


def to_version(
    gallery: Mapping[str, Any], definition: Mapping[str, Any], version: Mapping[str, Any]
) -> Resource:
    """Return an image version as an inventory resource, in the region of its location field.

    Its name is the name of the image definition, with the version.
    """
    properties = inner(version, "properties")
    storage, image = inner(properties, "storageProfile"), inner(definition, "properties")
    boot = inner(storage, "osDiskImage")
    disks = [*([boot] if boot else ()), *objects(storage, "dataDiskImages")]
    sources = {reference(disk, "source") for disk in disks}
    architecture = _ARCHITECTURES.get((text(image, "architecture") or "").lower())
    state, native = provisioning.state_and_native(version, ResourceState.AVAILABLE)
    return Resource(
        provider="azure",
        region=location_of(version),
        kind=ResourceKind.IMAGE,
        id=id_of(version),
        name=f"{name_of(definition)}/{name_of(version)}",
        state=state,
        native_state=native,
        tags=tags_of(version),
        created_at=to_datetime(inner(properties, "publishingProfile"), "publishedDate"),
        attributes={
            "architecture": architecture.value if architecture else None,
            "description": text(image, "description"),
            "platform": text(image, "osType"),
            "public": _is_public(gallery),
            "size_gib": size_of(disks, "sizeInGB") if boot else None,
            "snapshots": [*sorted(each for each in sources if each and "/snapshots/" in each)],
        },
    )


def _is_public(gallery: Mapping[str, Any]) -> bool | None:
    """Return whether a gallery is shared with everyone; without a sharing profile it is not."""
    sharing = inner(inner(gallery, "properties"), "sharingProfile")
    return (text(sharing, "permissions") or "").lower() == _COMMUNITY


def _children(clients: AzureClients, parent: Document, noun: str) -> Iterator[Document | Page]:
    """Yield the children of a gallery or definition; an unreadable page if it has no id."""
    try:
        path = f"{id_of(parent)}/{noun}"
    except UnexpectedAnswer as error:
        yield unreadable(parent, error)
        return
    try:
        with azure_errors(f"list {path}"):
            yield from clients.list_all(path, api_versions.GALLERIES)
    except NotFound:
        return
