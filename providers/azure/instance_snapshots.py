"""Taking, listing and deleting instance snapshots.

The names of the parts follow from the VM, its vmId, the token and the disk's slot, so a repeated
request refers to the same parts.
Source: https://learn.microsoft.com/en-us/rest/api/compute/snapshots/create-or-update
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from providers.azure import snapshot_restore, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import required
from providers.azure.ids import group_of
from providers.azure.instances import read_same_vm, read_vm, state_of, unique_id, vm_id
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.snapshot_parts import (
    DISK_TAG,
    NAME_TAG,
    PARTS_TAG,
    SNAPSHOT_TAG,
    disks_by_slot,
    get_parts,
    slot_of,
    to_instance_snapshot,
)
from providers.azure.snapshots import state_of as state_of_part
from providers.azure.state_errors import state_error
from providers.azure.tags import INSTANCE_TAG, TOKEN_TAG, to_tag
from skyclust.contract import SnapshotProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import ResourceState
from skyclust.model.snapshot import InstanceSnapshot

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


class AzureSnapshots(SnapshotProvider):
    """Takes snapshots of all disks of VMs, and restores them."""

    _clients: AzureClients

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Request a snapshot of each disk of a VM; parts that exist already are kept."""
        vm = read_same_vm(self._clients, instance)
        doing = f"take a snapshot of instance {instance.id} in {instance.region}"
        state = state_of(vm)
        if state.state is InstanceState.DELETING:
            raise state_error(instance, state, "take a snapshot of", "It is being deleted.")
        snapshot_id = to_snapshot_id(unique_id(vm), token)
        group = group_of(id_of(vm))
        existing = get_parts(self._clients, group, SNAPSHOT_TAG, snapshot_id)
        parts = {slot_of(part): part for part in existing}
        disks = disks_by_slot(vm)
        if not disks or None in disks.values():
            raise InvalidRequest(f"Could not {doing}: it has unmanaged disks.", provider="azure")
        # Parts of an earlier call decide the number: a disk attached since then is no part.
        count = next((tags_of(part)[PARTS_TAG] for part in existing), str(len(disks)))
        tags = {
            TOKEN_TAG: to_tag(token),
            INSTANCE_TAG: unique_id(vm),
            SNAPSHOT_TAG: snapshot_id,
            NAME_TAG: name,
            PARTS_TAG: count,
        }
        for slot, disk in disks.items():
            if slot in parts or len(parts) >= int(count):
                continue
            body: Document = {
                "location": required(vm, "location"),
                "tags": {**tags, DISK_TAG: slot},
                "properties": {
                    "creationData": {"createOption": "Copy", "sourceResourceId": disk},
                    "incremental": True,
                },
            }
            with azure_errors(doing):
                part_name = f"{name_of(vm)}-{snapshot_id}-{slot}"
                parts[slot] = write_requests.put_snapshot(self._clients, group, part_name, body)
        return to_instance_snapshot(instance.region, instance.id, list(parts.values()))

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the instance snapshots of a VM, the oldest first."""
        vm = read_vm(self._clients, region, instance_id)
        parts_by_id: dict[str, list[Document]] = {}
        for part in get_parts(self._clients, group_of(id_of(vm)), INSTANCE_TAG, unique_id(vm)):
            parts_by_id.setdefault(tags_of(part)[SNAPSHOT_TAG], []).append(part)
        snapshots = [
            to_instance_snapshot(region, instance_id, parts) for parts in parts_by_id.values()
        ]
        return sorted(snapshots, key=lambda each: (str(each.created_at or ""), each.id))

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the VM has to be deallocated: Azure swaps no other VM's OS disk."""
        hibernated = instance.state is InstanceState.SUSPENDED
        return hibernated or instance.attributes.get("billed") is not False

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Do the next step of a restore; return whether it is complete.

        Raises InvalidRequest for a VM that is not deallocated, or whose disks were exchanged
        since the snapshot was taken.
        """
        vm = read_same_vm(self._clients, instance)
        return snapshot_restore.continue_restore(self._clients, instance, vm, snapshot_id, token)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Request the deletion of all parts of a VM's snapshot; a missing one is no error."""
        group = vm_id(self._clients, instance.region, instance.id).group
        for part in get_parts(self._clients, group, SNAPSHOT_TAG, snapshot_id):
            if tags_of(part).get(INSTANCE_TAG) != instance.unique_id:
                continue
            if state_of_part(part) is ResourceState.DELETING:
                continue
            try:
                with azure_errors(f"delete snapshot {snapshot_id} of instance {instance.id}"):
                    write_requests.delete_snapshot(self._clients, group, name_of(part))
            except NotFound:
                continue


def to_snapshot_id(vm_unique_id: str, token: str) -> str:
    """Return the id of the instance snapshot that a request with the token creates."""
    return sha256(f"{vm_unique_id}:{token}".encode()).hexdigest()[:12]
