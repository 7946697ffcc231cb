"""Taking, listing, restoring and deleting the snapshots of a guest.

Source: https://pve.proxmox.com/wiki/Live_Snapshots
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.proxmox.guest_lists import to_vmid
from providers.proxmox.guest_lookup import read_at_location
from providers.proxmox.guest_records import Guest, Location
from providers.proxmox.notes import Metadata, with_metadata
from providers.proxmox.regions import check_region
from providers.proxmox.snapshots import oldest_first, snapshot_reader, to_snapshot
from providers.proxmox.state_errors import state_error
from providers.proxmox.states import to_state
from providers.proxmox.tasks import wait_for_task
from providers.proxmox.unique_id import find_same_guest, get_same_guest
from skyclust.contract import SnapshotProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.items import ItemReader

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

WATCHED_SECONDS: Final = 20.0
"""How long a call waits for the task of a snapshot or a rollback before it returns."""

_FORBIDDEN: Final = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH: Final = 40  # `snapname`, pve-configid


class ProxmoxSnapshots(SnapshotProvider):
    """Snapshots of VMs and containers."""

    _clients: ProxmoxClients

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Request a snapshot of a guest's disks, or return the snapshot taken with the token.

        Its name in Proxmox VE is derived from name and token, and is unique for each guest.
        """
        check_region(self._clients, instance.region)
        doing = f"take snapshot {name!r} of guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        snapname = to_snapname(name, token)
        snapshot = self._find(instance.region, guest.location, snapname, doing)
        if snapshot is None:
            _check_idle(guest, doing)
            upid = self._clients.post(
                f"{guest.location.path}/snapshot",
                doing,
                snapname=snapname,
                description=with_metadata("", Metadata(token=token, name=name)),
            )
            wait_for_task(self._clients, upid, doing, seconds=WATCHED_SECONDS)
            snapshot = self._find(instance.region, guest.location, snapname, doing)
        if snapshot is None:
            raise Conflict(
                f"Could not {doing}: it does not exist yet.",
                hint="Repeat the request.",
                provider="proxmox",
            )
        return snapshot

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return a guest's snapshots, the oldest first, also those that SkyClust did not take."""
        check_region(self._clients, region)
        doing = f"list the snapshots of guest {instance_id} in {region}"
        vmid = to_vmid(instance_id)
        reader = ItemReader("proxmox", f"snapshots of guest {instance_id}")

        def read(location: Location) -> list[InstanceSnapshot] | None:
            if location.template:
                return None
            items = self._clients.get_list(f"{location.path}/snapshot", doing)
            return reader.read(items, snapshot_reader(region, location), region=region)

        snapshots = read_at_location(self._clients, vmid, doing, read)
        if snapshots is None:
            raise NotFound(f"Could not {doing}: guest {vmid} does not exist.", provider="proxmox")
        reader.finish()
        return oldest_first(snapshots)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return True unless the guest is stopped: a rollback powers a running guest off."""
        return instance.state is not InstanceState.STOPPED

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Roll a stopped guest back to a snapshot; return whether the rollback is complete.

        A rollback may be repeated. It also restores the configuration and the notes.
        """
        del token
        check_region(self._clients, instance.region)
        doing = f"roll guest {instance.id} in {instance.region} back to snapshot {snapshot_id}"
        guest = get_same_guest(self._clients, instance, doing)
        if self._find(instance.region, guest.location, snapshot_id, doing) is None:
            raise NotFound(f"Could not {doing}: it does not exist.", provider="proxmox")
        if guest.lock == "rollback" or guest.task in {"qmrollback", "vzrollback"}:
            return False
        state, native_state = to_state(guest)
        if state is not InstanceState.STOPPED:
            raise state_error(guest, doing, native_state)
        path = f"{guest.location.path}/snapshot/{snapshot_id}/rollback"
        upid = self._clients.post(path, doing)
        return wait_for_task(self._clients, upid, doing, seconds=WATCHED_SECONDS)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Delete a snapshot; does nothing when the snapshot or the guest does not exist."""
        check_region(self._clients, instance.region)
        doing = f"delete snapshot {snapshot_id} of guest {instance.id} in {instance.region}"
        guest = find_same_guest(self._clients, instance, doing)
        if guest is None:
            return
        snapshot = self._find(instance.region, guest.location, snapshot_id, doing)
        if snapshot is None or snapshot.state is SnapshotState.DELETING:
            return
        with suppress(NotFound):
            upid = self._clients.delete(f"{guest.location.path}/snapshot/{snapshot_id}", doing)
            wait_for_task(self._clients, upid, doing, seconds=WATCHED_SECONDS)

    def _find(
        self, region: str, location: Location, snapname: str, doing: str
    ) -> InstanceSnapshot | None:
        """Return the snapshot of a guest that has a name; None when it does not exist."""
        for item in self._clients.get_list(f"{location.path}/snapshot", doing):
            if isinstance(item, Mapping) and item.get("name") == snapname:
                return to_snapshot(region, location, item)
        return None


def to_snapname(name: str, token: str) -> str:
    """Return a name that Proxmox VE accepts, from the permitted characters of a name and a token.

    It has at most 40 characters and starts with a letter.
    """
    suffix = sha256(token.encode()).hexdigest()[:12]
    stem = _FORBIDDEN.sub("-", name).strip("-")
    if not stem[:1].isalpha():
        stem = f"s-{stem}"
    return f"{stem[: _NAME_LENGTH - len(suffix) - 1].rstrip('-')}-{suffix}"


def _check_idle(guest: Guest, doing: str) -> None:
    """Raise an error unless the guest is in a state in which Proxmox VE takes snapshots."""
    state, native_state = to_state(guest)
    if state is InstanceState.ERROR:
        raise InvalidRequest(f"Could not {doing}: it is {native_state}.", provider="proxmox")
    if state not in {InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.SUSPENDED}:
        raise state_error(guest, doing, native_state)
