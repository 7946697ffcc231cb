"""Images in the galleries that the subscription owns: each version is an image of its own.

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
"""The sharing of a gallery whose images everybody may use."""


def get_versions(clients: AzureClients) -> Iterator[Page]:
    """Yield the image versions in all galleries; what goes while it is read is left out.

    Of a gallery or definition without an id nothing inside can be listed: it is named itself.
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
    """Return a version of an image as an inventory resource, in the region that it belongs to.

    Its name is that of the image in its gallery, with the version.
    """
    properties = inner(version, "properties")
    storage, told = inner(properties, "storageProfile"), inner(definition, "properties")
    boot = inner(storage, "osDiskImage")
    disks = [*([boot] if boot else ()), *objects(storage, "dataDiskImages")]
    sources = {reference(disk, "source") for disk in disks}
    architecture = _ARCHITECTURES.get((text(told, "architecture") or "").lower())
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
            "description": text(told, "description"),
            "platform": text(told, "osType"),
            "public": _is_public(gallery),
            "size_gib": size_of(disks, "sizeInGB") if boot else None,
            "snapshots": [*sorted(one for one in sources if one and "/snapshots/" in one)],
        },
    )


def _is_public(gallery: Mapping[str, Any]) -> bool | None:
    """Return whether everybody may use a gallery; one that tells no sharing is its owner's."""
    sharing = inner(inner(gallery, "properties"), "sharingProfile")
    return (text(sharing, "permissions") or "").lower() == _COMMUNITY


def _children(clients: AzureClients, parent: Document, noun: str) -> Iterator[Document | Page]:
    """Yield what a gallery or a definition holds, or a page that names the parent."""
    try:
        path = f"{id_of(parent)}/{noun}"
    except UnexpectedAnswer as error:
        yield unreadable(parent, error)
        return
    try:
        with azure_errors(f"list {path}"):
            yield from clients.every(path, api_versions.GALLERIES)
    except NotFound:
        return
