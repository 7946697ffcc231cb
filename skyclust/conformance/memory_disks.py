"""Disks, snapshots and labels of the cloud in memory."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.conformance.memory_items import CloudError, Code, Item, RegionItems

_NUMBERS: Final = itertools.count(1)


def take_snapshot(
    cloud: MemoryCloud, key: str, region: str, server_id: str, *, name: str, token: str
) -> Item:
    """Take a snapshot of an instance's disks, or return the snapshot of the token."""
    with cloud.opened(key, region) as items:
        server = items.server(server_id)
        for earlier in items.snapshots.values():
            if (earlier.details["server"], earlier.details["token"]) == (server_id, token):
                return earlier
        details = {
            "server": server.id,
            "token": token,
            "texts": json.dumps({disk.id: _text(disk) for disk in _disks_of(items, server_id)}),
        }
        number = next(_NUMBERS)
        snapshot = Item(f"snapshot-{number:06d}", name, "ready", time.time(), details=details)
        items.snapshots[snapshot.id] = snapshot
        return snapshot


def restore_snapshot(
    cloud: MemoryCloud, key: str, region: str, server_id: str, snapshot_id: str
) -> None:
    """Restore the texts of an instance's disks; the instance has to be off."""
    with cloud.opened(key, region) as items:
        server = items.server(server_id)
        snapshot = items.snapshots.get(snapshot_id)
        if snapshot is None or snapshot.details["server"] != server_id:
            raise CloudError(Code.NO_SUCH_SNAPSHOT, f"{server_id} has no {snapshot_id}")
        if server.status != "off":
            raise CloudError(Code.WRONG_STATE, f"{server_id} must be off")
        for disk_id, text in json.loads(snapshot.details["texts"]).items():
            disk = items.disks[disk_id]
            items.disks[disk_id] = replace(disk, details={**disk.details, "text": text})


def delete_snapshot(cloud: MemoryCloud, key: str, region: str, snapshot_id: str) -> None:
    """Delete a snapshot; an unknown one is no error."""
    with cloud.opened(key, region) as items:
        items.snapshots.pop(snapshot_id, None)


def get_disk(cloud: MemoryCloud, key: str, region: str, disk_id: str) -> Item:
    """Return a disk."""
    with cloud.opened(key, region, changes=False) as items:
        return _disk(items, disk_id)


def attach_disk(cloud: MemoryCloud, key: str, region: str, server_id: str, disk_id: str) -> None:
    """Attach an unattached disk to an instance; it outlives the instance."""
    with cloud.opened(key, region) as items:
        server, disk = items.server(server_id), _disk(items, disk_id)
        holder = disk.details.get("server")
        if holder not in {None, server.id}:
            raise CloudError(Code.DISK_IN_USE, f"{disk_id} belongs to {holder}")
        if holder is None:
            details = {**disk.details, "server": server.id, "kept": "yes"}
            items.disks[disk_id] = replace(disk, details={"size": "1", **details})


def detach_disk(cloud: MemoryCloud, key: str, region: str, server_id: str, disk_id: str) -> None:
    """Detach a disk from the instance that has it."""
    with cloud.opened(key, region) as items:
        disk = _disk(items, disk_id)
        if disk.details.get("server") == items.server(server_id).id:
            rest = {k: v for k, v in disk.details.items() if k not in {"server", "kept"}}
            items.disks[disk_id] = replace(disk, details=rest)


def delete_disk(cloud: MemoryCloud, key: str, region: str, disk_id: str) -> None:
    """Delete an unattached disk."""
    with cloud.opened(key, region) as items:
        holder = _disk(items, disk_id).details.get("server")
        if holder is not None:
            raise CloudError(Code.DISK_IN_USE, f"{disk_id} belongs to {holder}")
        del items.disks[disk_id]


def set_labels(
    cloud: MemoryCloud,
    key: str,
    region: str,
    server_id: str,
    labels: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Change the labels of an instance."""
    with cloud.opened(key, region) as items:
        server = items.server(server_id)
        rest = {name: value for name, value in server.labels.items() if name not in removed}
        items.servers[server_id] = replace(server, labels={**rest, **labels})


def write_text(cloud: MemoryCloud, key: str, region: str, server_id: str, text: str) -> None:
    """Write a text to every disk of an instance."""
    with cloud.opened(key, region) as items:
        for disk in _disks_of(items, server_id):
            items.disks[disk.id] = replace(disk, details={**disk.details, "text": text})


def read_texts(cloud: MemoryCloud, key: str, region: str, server_id: str) -> list[str]:
    """Return the text on each disk of an instance."""
    with cloud.opened(key, region, changes=False) as items:
        return [_text(disk) for disk in _disks_of(items, server_id)]


def _disks_of(items: RegionItems, server_id: str) -> list[Item]:
    return [disk for disk in items.disks.values() if disk.details.get("server") == server_id]


def _disk(items: RegionItems, disk_id: str) -> Item:
    if disk_id not in items.disks:
        raise CloudError(Code.NO_SUCH_DISK, f"there is no disk {disk_id}")
    return items.disks[disk_id]


def _text(disk: Item) -> str:
    return disk.details.get("text", "")
