"""Images of Glance: those of the project, and those that other projects share with it.

Source: https://docs.openstack.org/api-ref/image/v2/#images
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.openstack.fields import Json, flag, integer, required_id, text, texts, timestamp
from providers.openstack.flavors import to_architecture
from providers.openstack.paging import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

PUBLIC: Final = frozenset({"public", "community"})
"""Visibilities of images that any project may use; lists of images leave out community images."""

# https://docs.openstack.org/glance/latest/user/statuses.html
STATES: Final = {
    "active": ResourceState.AVAILABLE,
    "deactivated": ResourceState.UNAVAILABLE,
    "deleted": ResourceState.DELETED,
    "importing": ResourceState.PENDING,
    "killed": ResourceState.ERROR,
    "pending_delete": ResourceState.DELETING,
    "queued": ResourceState.PENDING,
    "saving": ResourceState.PENDING,
    "uploading": ResourceState.PENDING,
}

# The fields that Glance defines for an image; any other field is a property that a user has set.
_BASE: Final = frozenset(
    {
        "checksum", "container_format", "created_at", "direct_url", "disk_format", "file", "id",
        "locations", "min_disk", "min_ram", "name", "os_hash_algo", "os_hash_value", "os_hidden",
        "owner", "protected", "schema", "self", "size", "status", "stores", "tags", "updated_at",
        "virtual_size", "visibility", "block_device_mapping", "bdm_v2", "root_device_name",
        "architecture", "description", "os_distro", "os_type", "os_version",
    }
)  # fmt: skip


def get_images(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
    """Yield the project's own images and those shared with it, page by page.

    Public images of other projects are left out: they belong to the cloud. Hidden images are
    requested separately, for Glance lists only them or only the others (`os_hidden`).
    """
    doing = f"list image in {region}"
    project = clients.project_id()
    all_projects = clients.credential.all_projects
    own: Json = {"visibility": "all"} if all_projects else {"visibility": "all", "owner": project}
    seen: set[str] = set()
    for hidden in ("false", "true"):
        for page in get_pages(
            clients,
            region,
            "image",
            "/images",
            "images",
            doing=doing,
            params={**own, "os_hidden": hidden},
            page_size=page_size,
        ):
            # A Glance without hidden images ignores the filter, so both lists are the same.
            yield [image for image in page if _is_listed(image, project) and _is_new(image, seen)]
    if all_projects:
        return
    for page in get_pages(
        clients,
        region,
        "image",
        "/images",
        "images",
        doing=doing,
        params={"visibility": "shared", "member_status": "accepted"},
        page_size=page_size,
    ):
        yield [image for image in page if not _is_own(image, project) and _is_new(image, seen)]


def _is_listed(image: Any, project: str) -> bool:
    is_public = isinstance(image, dict) and image.get("visibility") == "public"
    return not is_public or _is_own(image, project)


def _is_own(image: Any, project: str) -> bool:
    return isinstance(image, dict) and image.get("owner") == project


def _is_new(image: Any, seen: set[str]) -> bool:
    """Return whether an image was not in an earlier list, and remember its id."""
    identifier = image.get("id") if isinstance(image, dict) else None
    if not isinstance(identifier, str):
        return True
    is_new = identifier not in seen
    seen.add(identifier)
    return is_new


def to_image(region: str, image: Json) -> Resource:
    """Return an image as an inventory resource."""
    native_state, visibility = text(image, "status"), text(image, "visibility")
    size = integer(image, "virtual_size") or integer(image, "size")
    gib = -(-size // 2**30) if size else 0
    architecture = text(image, "architecture")
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.IMAGE,
        id=required_id(image),
        name=text(image, "name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=_tags(image),
        created_at=timestamp(image, "created_at"),
        attributes={
            "architecture": to_architecture(architecture) or architecture,
            "description": text(image, "description"),
            "hidden": flag(image, "os_hidden"),
            "platform": text(image, "os_distro"),
            "project": text(image, "owner"),
            "public": visibility in PUBLIC if visibility else None,
            "size_gib": max(gib, integer(image, "min_disk") or 0) or None,
            "snapshots": _snapshots(image),
            "visibility": visibility,
        },
    )


def _snapshots(image: Json) -> list[JsonValue]:
    """Return the ids of the volume snapshots in an image of a server that boots from a volume.

    Nova stores them in the property block_device_mapping, as JSON.
    Source: https://docs.openstack.org/nova/latest/user/block-device-mapping.html
    """
    mapping = image.get("block_device_mapping")
    if not isinstance(mapping, str):
        return []
    try:
        devices = json.loads(mapping)
    except ValueError:
        return []
    if not isinstance(devices, list):
        return []
    ids = (text(device, "snapshot_id") for device in devices if isinstance(device, dict))
    return [snapshot_id for snapshot_id in ids if snapshot_id]


def _tags(image: Json) -> dict[str, str]:
    """Return the properties of an image, and its tags with an empty value."""
    properties = {
        key: value
        for key, value in image.items()
        if key not in _BASE and isinstance(value, str) and not key.startswith("os_glance")
    }
    return {**dict.fromkeys(sorted(texts(image, "tags") or ()), ""), **properties}
