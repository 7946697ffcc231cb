"""Finding an instance's snapshot or disk by its id or name.

The id is journalled, so that every later step means the same resource whatever is renamed.
"""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.contract import DiskProvider, Provider, SnapshotProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.resource import Resource
from skyclust.model.short_id import means
from skyclust.model.snapshot import InstanceSnapshot
from skyclust.registry import capability

_MOST_NAMED = 5
"""Ids that an error names."""


def find_snapshot_id(
    provider: Provider, region: str, instance_id: str, name: str, *, instance_name: str
) -> str:
    """Return the id of the instance's snapshot that has this id or name.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    snapshots = capability(provider, SnapshotProvider).list_snapshots(region, instance_id)
    return snapshot_named(snapshots, name, instance_name or instance_id).id


def snapshot_named(
    snapshots: Sequence[InstanceSnapshot], name: str, instance_name: str
) -> InstanceSnapshot:
    """Return the snapshot that has this id, else this name, else an id that this is short for.

    Raises NotFound when there is none, InvalidRequest when it may be several.
    """
    matching = (
        [snapshot for snapshot in snapshots if snapshot.id == name]
        or [snapshot for snapshot in snapshots if snapshot.name == name]
        or [snapshot for snapshot in snapshots if means(name, snapshot.id)]
    )
    if not matching:
        raise NotFound(
            f"Instance {instance_name!r} has no snapshot {name!r}.",
            hint=f"`skyclust snapshot list {instance_name}` shows those that exist.",
        )
    if len(matching) > 1:
        ids = ", ".join(snapshot.id for snapshot in matching[:_MOST_NAMED])
        raise InvalidRequest(
            f"{len(matching)} snapshots of instance {instance_name!r} are called {name!r}: {ids}.",
            hint="Name it by its id.",
        )
    return matching[0]


def find_disk_id(provider: Provider, region: str, name: str, known: Sequence[Resource]) -> str:
    """Return the id of the disk that has this id at the cloud, else this name.

    `known` are the disks of the name that the inventory has in the region. Raises NotFound when
    there is none, InvalidRequest when several have the name.
    """
    disks = capability(provider, DiskProvider)
    try:
        return disks.get_disk(region, name).id
    except (NotFound, InvalidRequest):
        # Some clouds refuse an id that does not have the form of one.
        if not known:
            raise
    if len(known) > 1:
        ids = ", ".join(disk.id for disk in known[:_MOST_NAMED])
        raise InvalidRequest(
            f"{len(known)} disks in {region} are called {name!r}: {ids}.",
            hint="Name it by its id.",
        )
    return disks.get_disk(region, known[0].id).id
