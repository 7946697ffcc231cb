"""Restoring an instance from a snapshot.

The local disk is rebuilt from its image, which keeps the server's id and addresses. Volumes are
detached from the stopped server, reverted to their snapshots by Cinder, and attached again at
their devices. Each call takes every disk one step further and depends on nothing but the state of
the cloud, so any process may make the next call; metadata of server and volumes records which
steps are done for the token.
Sources: https://docs.openstack.org/api-ref/compute/#rebuild-server-rebuild-action and
https://docs.openstack.org/api-ref/block-storage/v3/#revert-volume-to-snapshot
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.openstack.attachments import attach_volume, detach_volume, volume_state_errors
from providers.openstack.disks import get_volume, require_attachments
from providers.openstack.fields import Json, inner, integer, text, text_pairs
from providers.openstack.instances import get_server
from providers.openstack.server_actions import post_action
from providers.openstack.snapshot_parts import Part, get_volume_snapshots, to_snapshot
from providers.openstack.state_errors import state_error, state_errors
from providers.openstack.states import is_busy, state_of
from providers.openstack.tokens import RESTORED_KEY
from skyclust.errors import Conflict, InvalidRequest, NotFound, Unsupported
from skyclust.model.instance import InstanceState
from skyclust.model.snapshot import SnapshotState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

STOP_SECONDS: Final = 10.0
"""How long a rebuilt server may be active before Nova stops it: two writes to its database."""

REVERT_TO_SNAPSHOT: Final = (3, 40)
"""The microversion from which Cinder reverts a volume to its latest snapshot."""


def restore_step(
    clients: OpenStackClients, region: str, server: Json, parts: Sequence[Part], token_value: str
) -> bool:
    """Take every disk of a server one step further; return whether all are restored.

    Raises InvalidRequest, before any change, for a disk that cannot be restored: one that is
    deleted, that is attached to another server, or that has newer snapshots.
    """
    server_id = str(server["id"])
    _require_available(region, server_id, parts)
    volumes = {
        part.volume: _restorable_volume(clients, region, server_id, part)
        for part in parts
        if part.volume
    }
    if server["metadata"].get(RESTORED_KEY) != token_value:
        _rebuild(clients, region, server, parts, volumes=volumes, token_value=token_value)
        return False
    if state_of(server) is InstanceState.ERROR:
        reason = text(inner(server, "fault"), "message") or "Nova gave no reason"
        raise InvalidRequest(
            f"Could not restore instance {server_id} in {region}: {reason}.",
            provider="openstack",
            code="ERROR",
        )
    if volumes:
        server = _wait_for_stop(clients, region, server)
    if is_busy(server):
        return False
    if volumes and state_of(server) is not InstanceState.STOPPED:
        raise state_error(region, server, "restore", InstanceState.STOPPED)
    # Nova assigns devices in the order of attaching, so the volumes are attached one by one.
    restored = True
    for part in sorted((p for p in parts if p.volume), key=lambda p: (p.device or "", p.volume)):
        volume = volumes[part.volume]
        restored &= _volume_step(
            clients,
            region,
            server,
            part,
            volume=volume,
            token_value=token_value,
            may_attach=restored,
        )
    return restored


def _wait_for_stop(clients: OpenStackClients, region: str, server: Json) -> Json:
    """Return a rebuilt server once Nova has begun to stop it, or after STOP_SECONDS.

    Nova starts a server that it has rebuilt, and then stops it if it was stopped before; between
    the two the server is active, and no task state shows that a stop follows.
    """
    end = time.monotonic() + STOP_SECONDS
    while state_of(server) is InstanceState.RUNNING and not is_busy(server):
        if time.monotonic() > end:
            break
        time.sleep(STOP_SECONDS / 40)
        server = get_server(clients, region, str(server["id"]))
    return server


def _require_available(region: str, server_id: str, parts: Sequence[Part]) -> None:
    snapshot = to_snapshot(region, server_id, parts)
    if snapshot.state is SnapshotState.AVAILABLE:
        return
    message = (
        f"Snapshot {snapshot.id} of instance {server_id} in {region} is {snapshot.native_state}."
    )
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(message, hint="Wait until it is ready.", provider="openstack")
    raise NotFound(message, provider="openstack")


def _restorable_volume(clients: OpenStackClients, region: str, server_id: str, part: Part) -> Json:
    """Return the volume of a part; raises InvalidRequest when it cannot be restored."""
    prefix = f"Disk {part.volume} of instance {server_id} in {region} cannot be restored:"
    try:
        volume = get_volume(clients, region, part.volume)
    except NotFound as error:
        raise InvalidRequest(
            f"{prefix} it does not exist any more.", provider="openstack"
        ) from error
    other_servers = set(require_attachments(volume)) - {server_id}
    if other_servers:
        raise InvalidRequest(
            f"{prefix} it is attached to instance {min(other_servers)}.",
            hint="Detach it there.",
            provider="openstack",
        )
    if str(volume["status"]).startswith("error"):
        raise InvalidRequest(f"{prefix} it is {volume['status']}.", provider="openstack")
    version = clients.endpoint(region, "block-storage").microversion
    if version is None or version < REVERT_TO_SNAPSHOT:
        required = ".".join(map(str, REVERT_TO_SNAPSHOT))
        raise Unsupported(f"{prefix} this Cinder is older than {required}.", provider="openstack")
    if integer(volume, "size") != part.size_gib:
        raise InvalidRequest(f"{prefix} its size has changed since.", provider="openstack")
    latest = get_volume_snapshots(clients, region, part.volume)[-1:]
    if [snapshot["id"] for snapshot in latest] != [part.id]:
        raise InvalidRequest(
            f"{prefix} it has newer snapshots.",
            hint="Cinder reverts a volume to its latest snapshot only: delete the newer ones.",
            provider="openstack",
        )
    return volume


def _rebuild(
    clients: OpenStackClients,
    region: str,
    server: Json,
    parts: Sequence[Part],
    *,
    volumes: dict[str, Json],
    token_value: str,
) -> None:
    """Request a rebuild of the local disk from its image, and store the token with it."""
    server_id = str(server["id"])
    image = next((part for part in parts if not part.volume), None)
    if image is None or not server.get("image"):
        raise Unsupported(
            f"Instance {server_id} in {region} boots from a volume: OpenStack cannot revert a"
            " volume while it is attached.",
            provider="openstack",
        )
    allowed = {InstanceState.STOPPED} if volumes else {InstanceState.STOPPED, InstanceState.RUNNING}
    if state_of(server) not in allowed or is_busy(server):
        raise state_error(region, server, "restore", InstanceState.STOPPED)
    rebuild = {
        "imageRef": image.id,
        "metadata": {**server["metadata"], RESTORED_KEY: token_value},
    }
    doing = f"restore instance {server_id} in {region} from snapshot {image.snapshot}"
    with state_errors(clients, region, server_id, "restore", InstanceState.STOPPED):
        post_action(clients, region, server_id, {"rebuild": rebuild}, doing)


def _volume_step(
    clients: OpenStackClients,
    region: str,
    server: Json,
    part: Part,
    *,
    volume: Json,
    token_value: str,
    may_attach: bool,
) -> bool:
    """Take one volume a step further; return whether it is reverted and attached again."""
    reverted = text_pairs(volume, "metadata").get(RESTORED_KEY) == token_value
    status = str(volume["status"])
    if status == "in-use" and reverted:
        return True
    doing = f"restore disk {part.volume} of instance {server['id']} in {region}"
    with volume_state_errors(clients, region, volume, doing):
        if status == "in-use":
            detach_volume(clients, region, server, part.volume, doing=doing)
        elif status == "available" and reverted and may_attach:
            attach_volume(
                clients,
                region,
                server,
                part.volume,
                doing=doing,
                device=part.device,
                delete_with_server=part.deleted_with_server,
            )
        elif status == "available" and not reverted:
            _revert(clients, region, part, token_value, doing=doing)
    return False


def _revert(
    clients: OpenStackClients, region: str, part: Part, token_value: str, *, doing: str
) -> None:
    """Request a revert from Cinder, and store the token in the volume's metadata.

    When a process dies between the two, the next one reverts the volume once more, without harm.
    """
    path = f"/volumes/{part.volume}"
    body = {"revert": {"snapshot_id": part.id}}
    clients.call(region, "block-storage", "POST", f"{path}/action", doing=doing, body=body)
    metadata = {"metadata": {RESTORED_KEY: token_value}}
    clients.call(region, "block-storage", "POST", f"{path}/metadata", doing=doing, body=metadata)
