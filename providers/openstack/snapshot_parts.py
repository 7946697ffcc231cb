"""The parts of an instance snapshot: images of Glance and volume snapshots of Cinder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.openstack.disks import get_volume
from providers.openstack.fields import (
    Json,
    integer,
    required_id,
    required_text,
    text,
    text_pairs,
    timestamp,
)
from providers.openstack.paging import get_all
from providers.openstack.tokens import SNAPSHOT_KEY
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

INSTANCE_KEY: Final = "skyclust_instance"
"""Holds the id of the server that a part belongs to."""

COUNT_KEY: Final = "skyclust_parts"
"""Holds the number of parts that the snapshot has when it is complete."""

DEVICE_KEY: Final = "skyclust_device"
"""Holds the device at which the volume was attached."""

WITH_INSTANCE_KEY: Final = "skyclust_goes_with_instance"
"""Holds whether the volume was to be deleted with the server: `true` or `false`."""

STATES: Final = {
    # images: https://docs.openstack.org/glance/latest/user/statuses.html
    "queued": SnapshotState.PENDING,
    "saving": SnapshotState.PENDING,
    "uploading": SnapshotState.PENDING,
    "importing": SnapshotState.PENDING,
    "active": SnapshotState.AVAILABLE,
    "deactivated": SnapshotState.ERROR,
    "killed": SnapshotState.ERROR,
    "pending_delete": SnapshotState.DELETING,
    # snapshots: https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots
    "creating": SnapshotState.PENDING,
    "available": SnapshotState.AVAILABLE,
    "backing-up": SnapshotState.AVAILABLE,
    "restoring": SnapshotState.AVAILABLE,
    "deleting": SnapshotState.DELETING,
    "deleted": SnapshotState.DELETING,
    "error": SnapshotState.ERROR,
    "error_deleting": SnapshotState.ERROR,
    "unmanaging": SnapshotState.DELETING,
}
_WORST_FIRST: Final = (SnapshotState.ERROR, SnapshotState.DELETING, SnapshotState.PENDING)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    """The copy of one disk in a snapshot.

    `snapshot` is the id that all parts of a snapshot share; `token` is the same if SkyClust created
    the snapshot, else None. `count` is the number of parts of the complete snapshot. `volume` is
    the id of the copied volume, empty for the image of a local disk. `device` is where the volume
    was attached, and `deleted_with_server` whether it was to be deleted with the server.
    """

    id: str
    name: str
    snapshot: str
    token: str | None
    count: int
    volume: str
    native_state: str
    created_at: datetime | None
    size_gib: int = 0
    device: str | None = None
    deleted_with_server: bool = False

    @property
    def state(self) -> SnapshotState:
        """Return the state of the part; an unknown native state is PENDING."""
        return STATES.get(self.native_state, SnapshotState.PENDING)


def find_parts(clients: OpenStackClients, region: str, server_id: str) -> list[Part]:
    """Return the parts of all snapshots of a server, whether it still exists or not.

    Nova stores the server's id in every image that it takes of the server.
    """
    doing = f"list the snapshots of instance {server_id} in {region}"
    images = get_all(
        clients,
        region,
        "image",
        "/images",
        "images",
        doing=doing,
        params={"instance_uuid": server_id},
    )
    snapshots = []
    if clients.has(region, "block-storage"):
        snapshots = get_all(
            clients, region, "block-storage", "/snapshots/detail", "snapshots", doing=doing
        )
    return [
        *to_image_parts(server_id, images),
        *(
            to_volume_part(snapshot)
            for snapshot in snapshots
            if text_pairs(snapshot, "metadata").get(INSTANCE_KEY) == server_id
        ),
    ]


def to_image_parts(server_id: str, images: Iterable[Json]) -> list[Part]:
    """Return the images of a server as parts.

    Nova copies the properties of an image to later images of a server that was rebuilt or created
    from it. So a snapshot token counts only on the oldest image of its server.
    """
    seen: set[str] = set()
    parts = []
    own = [image for image in images if image.get("instance_uuid") == server_id]
    for image in sorted(own, key=lambda image: (str(image.get("created_at")), required_id(image))):
        token = text(image, SNAPSHOT_KEY) if image.get(INSTANCE_KEY) == server_id else None
        parts.append(to_image_part(image, None if token in seen else token))
        seen |= {token} if token else set()
    return parts


def to_image_part(image: Json, token: str | None) -> Part:
    """Return an image of a server as a part; one without a token is a snapshot of its own."""
    return Part(
        id=required_id(image),
        name=text(image, "name") or "",
        snapshot=token or required_id(image),
        token=token,
        count=(integer(image, COUNT_KEY) or 1) if token else 1,
        volume="",
        native_state=required_text(image, "status"),
        created_at=timestamp(image, "created_at"),
    )


def to_volume_part(snapshot: Json) -> Part:
    """Return a snapshot of a volume as a part."""
    metadata = text_pairs(snapshot, "metadata")
    token = required_text(metadata, SNAPSHOT_KEY)
    return Part(
        id=required_id(snapshot),
        name=text(snapshot, "name") or "",
        snapshot=token,
        token=token,
        count=integer(metadata, COUNT_KEY) or 1,
        volume=required_text(snapshot, "volume_id"),
        native_state=required_text(snapshot, "status"),
        created_at=timestamp(snapshot, "created_at"),
        size_gib=integer(snapshot, "size") or 0,
        device=metadata.get(DEVICE_KEY) or None,
        deleted_with_server=metadata.get(WITH_INSTANCE_KEY) == "true",
    )


def to_snapshots(region: str, server_id: str, parts: Iterable[Part]) -> list[InstanceSnapshot]:
    """Return the snapshots that parts belong to, the oldest first."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.snapshot, []).append(part)
    snapshots = [to_snapshot(region, server_id, group) for group in groups.values()]
    return sorted(snapshots, key=lambda one: (one.created_at or _EPOCH, one.id))


def to_snapshot(region: str, server_id: str, parts: Sequence[Part]) -> InstanceSnapshot:
    """Return the snapshot of its parts; it has the worst state of them, PENDING while some lack."""
    states = {part.state for part in parts}
    native_states = {part.native_state for part in parts}
    if len(parts) < parts[0].count:
        states.add(SnapshotState.PENDING)
        native_states.add("incomplete")
    times = [part.created_at for part in parts if part.created_at]
    return InstanceSnapshot(
        provider="openstack",
        region=region,
        instance_id=server_id,
        id=parts[0].snapshot,
        name=parts[0].name,
        state=next((s for s in _WORST_FIRST if s in states), SnapshotState.AVAILABLE),
        native_state=", ".join(sorted(native_states)),
        token=parts[0].token,
        parts=tuple(part.id for part in sorted(parts, key=lambda part: (part.volume, part.id))),
        created_at=min(times) if times else None,
    )


def delete_part(
    clients: OpenStackClients, region: str, part: Part, *, with_volume: bool = False
) -> None:
    """Request the deletion of a part; a deleted one is not an error.

    `with_volume` deletes the part's volume too, if it is not attached and has no other snapshot.
    """
    doing = f"delete part {part.id} of snapshot {part.snapshot} in {region}"
    if part.state is SnapshotState.DELETING:
        return
    try:
        if not part.volume:
            clients.call(region, "image", "DELETE", f"/images/{part.id}", doing=doing)
        elif with_volume and _is_last_use(clients, region, part):
            path = f"/volumes/{part.volume}"
            params = {"cascade": "true"}
            clients.call(region, "block-storage", "DELETE", path, doing=doing, params=params)
        else:
            path = f"/snapshots/{part.id}"
            clients.call(region, "block-storage", "DELETE", path, doing=doing)
    except NotFound:
        return
    except InvalidRequest as error:
        if part.state is SnapshotState.PENDING or part.native_state == "restoring":
            raise Conflict(
                f"Could not {doing}: it is {part.native_state} just now.",
                provider="openstack",
                code=error.code,
            ) from error
        raise


def _is_last_use(clients: OpenStackClients, region: str, part: Part) -> bool:
    """Return whether a part's volume is not attached and has no other snapshot."""
    try:
        volume = get_volume(clients, region, part.volume)
    except NotFound:
        return False
    if volume["status"] != "available":
        return False
    snapshots = get_volume_snapshots(clients, region, part.volume)
    return {snapshot["id"] for snapshot in snapshots} == {part.id}


def get_volume_snapshots(clients: OpenStackClients, region: str, volume_id: str) -> list[Json]:
    """Return the snapshots of a volume, the oldest first."""
    listed = get_all(
        clients,
        region,
        "block-storage",
        "/snapshots/detail",
        "snapshots",
        doing=f"list the snapshots of disk {volume_id} in {region}",
        params={"volume_id": volume_id},
    )
    own = [one for one in listed if required_text(one, "volume_id") == volume_id]
    return sorted(own, key=lambda one: (str(one.get("created_at")), str(one["id"])))
