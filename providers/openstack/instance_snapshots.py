"""Snapshots of an instance: an image of its local disk, and snapshots of its volumes.

Nova stores a local disk as an image (createImage), Cinder stores volumes. All parts of a snapshot
carry its token in the metadata key `skyclust_snapshot`. An image of the server that was created
by other means is a snapshot of its own.

A server that boots from a volume is Unsupported: Nova does not detach a boot volume, and Cinder
reverts only volumes that are not attached.
Sources: https://docs.openstack.org/api-ref/compute/#create-image-createimage-action and
https://docs.openstack.org/api-ref/block-storage/v3/#create-a-snapshot
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from providers.openstack.disks import get_volume
from providers.openstack.errors import openstack_errors
from providers.openstack.fields import Json, objects, text
from providers.openstack.instances import VOLUMES_ATTACHED, get_same_server, get_server
from providers.openstack.server_actions import post_action
from providers.openstack.snapshot_parts import (
    COUNT_KEY,
    DEVICE_KEY,
    INSTANCE_KEY,
    WITH_INSTANCE_KEY,
    Part,
    delete_part,
    find_parts,
    to_snapshots,
)
from providers.openstack.snapshot_restore import restore_step
from providers.openstack.state_errors import state_errors
from providers.openstack.states import state_of
from providers.openstack.tokens import SNAPSHOT_KEY, to_token_value
from skyclust.contract import SnapshotProvider
from skyclust.errors import NotFound, UnexpectedAnswer, Unsupported
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import InstanceSnapshot
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


class OpenStackSnapshots(SnapshotProvider):
    """Takes, lists, restores and deletes snapshots of servers."""

    _clients: OpenStackClients

    @openstack_errors("take a snapshot")
    def create_snapshot(
        self, instance: InstanceReference, name: str, token: str
    ) -> InstanceSnapshot:
        """Request those parts of a snapshot that do not exist yet, and return it as it is.

        Raises Conflict while Nova works on the server, Unsupported for one that boots from a
        volume.
        """
        region, server_id = instance.region, instance.id
        token_value = to_token_value(token)
        server = get_same_server(self._clients, instance)
        parts = self._parts(region, server_id, token_value)
        if not parts or len(parts) < parts[0].count:
            _create_missing_parts(
                self._clients, region, server, parts, name=name, token_value=token_value
            )
            parts = self._parts(region, server_id, token_value)
            parts = _delete_duplicates(self._clients, region, parts)
        snapshots = to_snapshots(region, server_id, parts)
        if len(snapshots) != 1:
            raise UnexpectedAnswer(
                f"The snapshot {name!r} of instance {server_id} in {region} was taken, and is not"
                " listed yet.",
                hint="Repeat the request with the same token.",
                provider="openstack",
            )
        return snapshots[0]

    @openstack_errors("list snapshots")
    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        """Return the snapshots of a server, the oldest first, whether it exists or not."""
        parts = find_parts(self._clients, region, instance_id)
        return to_snapshots(region, instance_id, parts)

    def must_stop_to_restore(self, instance: Instance) -> bool:
        """Return whether the server must be stopped: one with volumes, which are detached."""
        return (
            bool(instance.attributes.get("disks")) and instance.state is not InstanceState.STOPPED
        )

    @openstack_errors("restore an instance")
    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        """Take the next step of a restore; return whether every disk is restored.

        Raises InvalidRequest, before any change, for a disk that cannot be restored.
        """
        server = get_same_server(self._clients, instance)
        parts = self._parts(instance.region, instance.id, snapshot_id)
        if not parts:
            raise NotFound(
                f"Instance {instance.id} in {instance.region} has no snapshot {snapshot_id}.",
                provider="openstack",
            )
        return restore_step(self._clients, instance.region, server, parts, to_token_value(token))

    @openstack_errors("delete a snapshot")
    def delete_snapshot(self, instance: InstanceReference, snapshot_id: str) -> None:
        """Request the deletion of all parts of a snapshot; deleted ones are not an error.

        Cinder keeps a volume as long as it has snapshots, even when its server is deleted. Such a
        volume is deleted with its last snapshot, if it would have been deleted with the server.
        """
        parts = self._parts(instance.region, instance.id, snapshot_id)
        if not parts:
            return
        server_deleted = self._is_deleted(instance)
        for part in parts:
            delete_part(
                self._clients,
                instance.region,
                part,
                with_volume=server_deleted and part.deleted_with_server,
            )

    def _parts(self, region: str, server_id: str, snapshot_id: str) -> list[Part]:
        parts = find_parts(self._clients, region, server_id)
        return [part for part in parts if part.snapshot == snapshot_id]

    def _is_deleted(self, instance: InstanceReference) -> bool:
        try:
            server = get_server(self._clients, instance.region, instance.id)
        except NotFound:
            return True
        require_same_instance(instance, str(server["id"]), provider="openstack")
        return False


def _create_missing_parts(
    clients: OpenStackClients,
    region: str,
    server: Json,
    parts: Sequence[Part],
    *,
    name: str,
    token_value: str,
) -> None:
    if not server.get("image"):
        raise Unsupported(
            f"Instance {server['id']} in {region} boots from a volume: OpenStack cannot revert a"
            " volume while it is attached.",
            hint="Create backups of its volumes (openstack volume backup create) instead.",
            provider="openstack",
        )
    volumes = objects(server, VOLUMES_ATTACHED)
    if volumes is None:
        raise UnexpectedAnswer(
            f"Instance {server['id']} in {region} was reported without its disks.",
            provider="openstack",
        )
    metadata = {
        SNAPSHOT_KEY: token_value,
        INSTANCE_KEY: server["id"],
        COUNT_KEY: str(len(volumes) + 1),
    }
    existing = {part.volume for part in parts}
    if "" not in existing:
        doing = f"take an image of instance {server['id']} in {region}"
        action = {"createImage": {"name": name, "metadata": metadata}}
        with state_errors(clients, region, server["id"], "take a snapshot of", state_of(server)):
            post_action(clients, region, server["id"], action, doing)
    for volume in volumes:
        if volume["id"] not in existing:
            with_instance = str(bool(volume.get("delete_on_termination", True))).lower()
            _create_volume_snapshot(
                clients,
                region,
                server,
                str(volume["id"]),
                name=name,
                metadata={**metadata, WITH_INSTANCE_KEY: with_instance},
            )


def _create_volume_snapshot(
    clients: OpenStackClients,
    region: str,
    server: Json,
    volume_id: str,
    *,
    name: str,
    metadata: dict[str, str],
) -> None:
    doing = f"take a snapshot of disk {volume_id} of instance {server['id']} in {region}"
    volume = get_volume(clients, region, volume_id)
    attachments = objects(volume, "attachments") or ()
    device = next(
        (text(one, "device") for one in attachments if one.get("server_id") == server["id"]), None
    )
    snapshot = {
        "volume_id": volume_id,
        "name": name,
        "force": True,  # the volume is attached
        "metadata": {**metadata, DEVICE_KEY: device or ""},
    }
    clients.call(
        region, "block-storage", "POST", "/snapshots", doing=doing, body={"snapshot": snapshot}
    )


def _delete_duplicates(clients: OpenStackClients, region: str, parts: Sequence[Part]) -> list[Part]:
    """Return one part for each disk; delete further ones, created by a concurrent process."""
    kept: dict[str, Part] = {}
    for part in sorted(parts, key=lambda part: part.id):
        if part.volume in kept:
            delete_part(clients, region, part)
        else:
            kept[part.volume] = part
    return list(kept.values())
