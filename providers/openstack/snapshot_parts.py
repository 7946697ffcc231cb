"""The parts of a machine's snapshot: images of Glance and snapshots of Cinder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from providers.openstack.disks import get_volume
from providers.openstack.fields import (
    Json,
    integer,
    moment,
    pairs,
    required_id,
    required_text,
    text,
)
from providers.openstack.paging import get_all
from providers.openstack.tokens import SNAPSHOT_KEY
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

INSTANCE_KEY: Final = "skyclust_instance"
COUNT_KEY: Final = "skyclust_parts"
DEVICE_KEY: Final = "skyclust_device"
GOES_KEY: Final = "skyclust_goes_with_instance"

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
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    """One disk of a snapshot. `source` is the volume's id, empty for the local disk's image.

    `snapshot` is what holds the parts together, `token` the same where SkyClust made it.
    """

    id: str
    name: str
    snapshot: str
    token: str | None
    count: int
    source: str
    native_state: str
    created_at: datetime | None
    size_gib: int = 0
    device: str | None = None
    goes_with_server: bool = False

    @property
    def state(self) -> SnapshotState:
        """Return the state in our words; an unknown one is still on its way."""
        return STATES.get(self.native_state, SnapshotState.PENDING)


def find_parts(clients: OpenStackClients, region: str, server_id: str) -> list[Part]:
    """Return the parts of all snapshots of a server, whether it still exists or not.

    Nova puts the server's id on every image that it takes of it.
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
            to_volume_part(one)
            for one in snapshots
            if pairs(one, "metadata").get(INSTANCE_KEY) == server_id
        ),
    ]


def to_image_parts(server_id: str, images: Iterable[Json]) -> list[Part]:
    """Return the images of a server as parts.

    Nova hands the marks of an image on to what is made of it: later images of a server that was
    put back, or made from one. So a mark counts on the oldest image of its server only.
    """
    marked: set[str] = set()
    parts = []
    ours = [one for one in images if one.get("instance_uuid") == server_id]
    for image in sorted(ours, key=lambda one: (str(one.get("created_at")), required_id(one))):
        mark = text(image, SNAPSHOT_KEY) if image.get(INSTANCE_KEY) == server_id else None
        parts.append(to_image_part(image, None if mark in marked else mark))
        marked |= {mark} if mark else set()
    return parts


def to_image_part(image: Json, mark: str | None) -> Part:
    """Return an image of a server as a part; one without our mark is a snapshot by itself."""
    return Part(
        id=required_id(image),
        name=text(image, "name") or "",
        snapshot=mark or required_id(image),
        token=mark,
        count=(integer(image, COUNT_KEY) or 1) if mark else 1,
        source="",
        native_state=required_text(image, "status"),
        created_at=moment(image, "created_at"),
    )


def to_volume_part(snapshot: Json) -> Part:
    """Return a snapshot of a volume as a part."""
    marks = pairs(snapshot, "metadata")
    mark = required_text(marks, SNAPSHOT_KEY)
    return Part(
        id=required_id(snapshot),
        name=text(snapshot, "name") or "",
        snapshot=mark,
        token=mark,
        count=integer(marks, COUNT_KEY) or 1,
        source=required_text(snapshot, "volume_id"),
        native_state=required_text(snapshot, "status"),
        created_at=moment(snapshot, "created_at"),
        size_gib=integer(snapshot, "size") or 0,
        device=marks.get(DEVICE_KEY) or None,
        goes_with_server=marks.get(GOES_KEY) == "true",
    )


def to_snapshots(region: str, server_id: str, parts: Iterable[Part]) -> list[InstanceSnapshot]:
    """Return parts as the snapshots that they make up, the oldest first."""
    together: dict[str, list[Part]] = {}
    for part in parts:
        together.setdefault(part.snapshot, []).append(part)
    found = [to_snapshot(region, server_id, group) for group in together.values()]
    return sorted(found, key=lambda one: (one.created_at or _NEVER, one.id))


def to_snapshot(region: str, server_id: str, parts: Sequence[Part]) -> InstanceSnapshot:
    """Return the parts of one snapshot; it is as bad as the worst of them."""
    states = {part.state for part in parts}
    told = {part.native_state for part in parts}
    if len(parts) < parts[0].count:
        states.add(SnapshotState.PENDING)
        told.add("incomplete")
    times = [part.created_at for part in parts if part.created_at]
    return InstanceSnapshot(
        provider="openstack",
        region=region,
        instance_id=server_id,
        id=parts[0].snapshot,
        name=parts[0].name,
        state=next((s for s in _WORST_FIRST if s in states), SnapshotState.AVAILABLE),
        native_state=", ".join(sorted(told)),
        token=parts[0].token,
        parts=tuple(part.id for part in sorted(parts, key=lambda one: (one.source, one.id))),
        created_at=min(times) if times else None,
    )


def remove_part(
    clients: OpenStackClients, region: str, part: Part, *, with_volume: bool = False
) -> None:
    """Ask for the end of a part, and of its volume if that is left over and has no other."""
    doing = f"delete part {part.id} of snapshot {part.snapshot} in {region}"
    if part.state is SnapshotState.DELETING:
        return
    try:
        if not part.source:
            clients.call(region, "image", "DELETE", f"/images/{part.id}", doing=doing)
        elif with_volume and _is_last(clients, region, part):
            path = f"/volumes/{part.source}"
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


def _is_last(clients: OpenStackClients, region: str, part: Part) -> bool:
    """Return whether nobody has a part's volume, and it has no other snapshot."""
    try:
        volume = get_volume(clients, region, part.source)
    except NotFound:
        return False
    if volume["status"] != "available":
        return False
    return {one["id"] for one in snapshots_of(clients, region, part.source)} == {part.id}


def snapshots_of(clients: OpenStackClients, region: str, volume_id: str) -> list[Json]:
    """Return the snapshots of a volume, the oldest first."""
    found = get_all(
        clients,
        region,
        "block-storage",
        "/snapshots/detail",
        "snapshots",
        doing=f"list the snapshots of disk {volume_id} in {region}",
        params={"volume_id": volume_id},
    )
    ours = [one for one in found if required_text(one, "volume_id") == volume_id]
    return sorted(ours, key=lambda one: (str(one.get("created_at")), str(one["id"])))
