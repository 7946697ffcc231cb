"""Snapshots of an instance: one snapshot of Compute Engine for each of its disks.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/snapshots/insert
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields, snapshot_restore
from providers.gcp.instances import fetch_same_instance, numeric_id_of
from providers.gcp.labels import SNAPSHOT
from providers.gcp.links import parse_instance_id, self_link
from providers.gcp.operations import SNAPSHOT_SECONDS, new_request_id, poll_operation, submit
from providers.gcp.snapshot_parts import (
    fetch_parts,
    snapshot_id_for,
    to_insert_bodies,
    to_instance_snapshot,
)
from skyclust.contract import SnapshotProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import GcpClients, JsonObject

_NAME_IN_USE: Final = frozenset({"alreadyExists", "RESOURCE_ALREADY_EXISTS"})


class GcpSnapshots(SnapshotProvider):
    """Snapshots of all persistent disks of an instance."""

    _clients: GcpClients

    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Request a snapshot of every disk of an instance that has none with the token yet.

        The names are derived from the token, so that any process can complete the snapshot.
        Raises NotFound for an unknown instance.
        """
        vm = fetch_same_instance(self._clients, instance)
        number = numeric_id_of(vm)
        snapshot_id = snapshot_id_for(number, token)
        existing = {
            self_link(part).name for part in fetch_parts(self._clients, number, snapshot_id)
        }
        bodies = to_insert_bodies(vm, name, token, snapshot_id)
        missing = [body for body in bodies if body["name"] not in existing]
        doing = f"take a snapshot of instance {instance.id}"
        operations = [self._insert(body, doing) for body in missing]
        for operation in operations:
            if operation is not None:
                seconds = SNAPSHOT_SECONDS / len(operations)
                poll_operation(self._clients, operation, doing, seconds)
        parts = fetch_parts(self._clients, number, snapshot_id)
        if parts:
            return to_instance_snapshot(instance.region, instance.id, parts)
        return InstanceSnapshot(
            provider="gcp",
            region=instance.region,
            instance_id=instance.id,
            id=snapshot_id,
            name=name,
            state=SnapshotState.PENDING,
            native_state="CREATING",
            token=token,
            parts=tuple(str(body["name"]) for body in bodies),
        )

    def _insert(self, body: dict[str, Any], doing: str) -> Operation | None:
        """Request the snapshot of one disk; None when another process has just requested it."""
        request = {
            "project": self._clients.project,
            "request_id": new_request_id(),
            "snapshot_resource": body,
        }
        try:
            return submit(self._clients.snapshots().insert_unary, request, doing)
        except InvalidRequest as error:
            if error.code not in _NAME_IN_USE:
                raise
            return None

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of an instance, the oldest first; the instance may be deleted."""
        number = parse_instance_id(region, instance_id).number
        parts_by_id: dict[str, list[JsonObject]] = {}
        for part in fetch_parts(self._clients, number):
            parts_by_id.setdefault(fields.labels(part)[SNAPSHOT], []).append(part)
        snapshots = [
            to_instance_snapshot(region, instance_id, parts) for parts in parts_by_id.values()
        ]
        return sorted(snapshots, key=lambda snapshot: (str(snapshot.created_at), snapshot.id))

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the instance has to be stopped: a running one keeps its boot disk."""
        return instance.state is not InstanceState.STOPPED

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Replace disks of an instance by those of a snapshot; return whether it is complete.

        Called again, with the same token and by any process, until it returns True. Raises
        NotFound for an unknown instance or snapshot, and Conflict or InvalidRequest when the
        instance or the snapshot is not in a state that allows a restore.
        """
        return snapshot_restore.restore_snapshot(self._clients, instance, snapshot_id, token)

    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Request the deletion of the disk snapshots, each by its numeric id.

        Snapshots that are deleted already are no error.
        """
        number = parse_instance_id(instance.region, instance.id).number
        require_same_instance(instance, number, provider="gcp")
        for part in fetch_parts(self._clients, number, snapshot_id):
            if fields.text(part, "status") == "DELETING":
                continue
            doing = f"delete snapshot {self_link(part).name}"
            request = {
                "project": self._clients.project,
                "snapshot": fields.required_text(part, "id"),
                "request_id": new_request_id(),
            }
            try:
                submit(self._clients.snapshots().delete_unary, request, doing)
            except NotFound:
                continue
