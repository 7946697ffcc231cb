"""Images of Glance: those of the project, and those that others have shared with it.

Source: https://docs.openstack.org/api-ref/image/v2/#images
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.instances import to_moment
from providers.openstack.pages import get_pages
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

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

# What Glance itself says of an image; everything else on it is a property that someone gave it.
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
) -> Iterator[Sequence[Json]]:
    """Yield the project's own images and those shared with it, page by page.

    Public images of others are left out: they are the cloud's, not the project's.
    """
    doing = f"list image in {region}"
    project = clients.project_id()
    every = clients.credential.all_projects
    own: Json = {"visibility": "all"} if every else {"visibility": "all", "owner": project}
    for page in get_pages(
        clients,
        region,
        "image",
        "/images",
        "images",
        doing=doing,
        params=own,
        page_size=page_size,
    ):
        yield [one for one in page if one.get("visibility") != "public" or _is_of(one, project)]
    if every:
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
        yield [image for image in page if not _is_of(image, project)]


def _is_of(image: Json, project: str) -> bool:
    return str(image.get("owner")) == project


def to_image(region: str, image: Json) -> Resource:
    """Return an image as an inventory resource."""
    native_state = str(image["status"])
    size = image.get("virtual_size") or image.get("size")
    gib = -(-int(size) // 2**30) if size else None
    return Resource(
        provider="openstack",
        region=region,
        kind=ResourceKind.IMAGE,
        id=image["id"],
        name=image.get("name") or "",
        state=STATES.get(native_state, ResourceState.UPDATING),
        native_state=native_state,
        tags=_tags(image),
        created_at=to_moment(image.get("created_at")),
        attributes={
            "architecture": image.get("architecture"),
            "description": image.get("description") or None,
            "platform": image.get("os_distro"),
            "project": image.get("owner"),
            "public": image.get("visibility") == "public",
            "size_gib": max(gib or 0, int(image.get("min_disk") or 0)) or None,
            "snapshots": [],
            "visibility": image.get("visibility"),
        },
    )


def _tags(image: Json) -> dict[str, str]:
    """Return the properties of an image, and its tags, which are words without a value."""
    properties = {
        key: value
        for key, value in image.items()
        if key not in _BASE and isinstance(value, str) and not key.startswith("os_glance")
    }
    return {**dict.fromkeys(sorted(image.get("tags") or ()), ""), **properties}
