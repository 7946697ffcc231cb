"""Putting a machine back to a snapshot.

The local disk is rebuilt from its image, which keeps the machine's id and addresses. Volumes
are taken off the stopped machine, put back by Cinder to their snapshots, and given to it again
at their devices. Each call takes every disk one step further and looks at nothing but the
cloud, so any process may make the next one; marks on machine and volumes tell what was done for
the token.
Sources: https://docs.openstack.org/api-ref/compute/#rebuild-server-rebuild-action and
https://docs.openstack.org/api-ref/block-storage/v3/#revert-volume-to-snapshot
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.openstack.attachments import (
    ask_to_attach,
    ask_to_detach,
    is_passing,
    moving,
)
from providers.openstack.compute import act, changing, refusal, state_of
from providers.openstack.disks import get_volume, known_holders
from providers.openstack.fields import Json, integer, nested, pairs, text
from providers.openstack.instances import get_same_server, get_server
from providers.openstack.snapshot_parts import Part, find_parts, snapshots_of, to_snapshot
from providers.openstack.tokens import RESTORED_KEY
from skyclust.errors import Conflict, InvalidRequest, NotFound, Unsupported
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.snapshot import SnapshotState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

STOP_SECONDS: Final = 10.0
"""How long a rebuilt server may be active before Nova stops it: two writes to its database."""

REVERTS: Final = (3, 40)
"""Since then Cinder puts a volume back to its newest snapshot."""


def must_stop_to_restore(instance: Instance) -> bool:
    """Return whether the machine has to be stopped: its volumes are taken off it."""
    return bool(instance.attributes.get("disks")) and instance.state is not InstanceState.STOPPED


def restore_snapshot(
    clients: OpenStackClients, instance: InstanceReference, snapshot_id: str, mark: str
) -> bool:
    """Take every disk of a server one step nearer to a snapshot; return whether all are there.

    Raises InvalidRequest, before anything is touched, for a disk that cannot be put back: one
    that is gone, that another machine has, or that has newer snapshots.
    """
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    every = find_parts(clients, region, server_id)
    parts = [part for part in every if part.snapshot == snapshot_id]
    if not parts:
        raise NotFound(
            f"Instance {server_id} in {region} has no snapshot {snapshot_id}.",
            provider="openstack",
        )
    _refuse_unready(region, server_id, parts)
    volumes = {p.source: _volume(clients, region, server_id, p) for p in parts if p.source}
    if server["metadata"].get(RESTORED_KEY) != mark:
        _begin(clients, region, server, parts, volumes=volumes, mark=mark)
        return False
    if state_of(server) is InstanceState.ERROR:
        reason = text(nested(server, "fault"), "message") or "Nova gave no reason"
        raise InvalidRequest(
            f"Could not put instance {server_id} in {region} back: {reason}.",
            provider="openstack",
            code="ERROR",
        )
    if volumes:
        server = _stopped_again(clients, region, server)
    if is_passing(server):
        return False
    if volumes and state_of(server) is not InstanceState.STOPPED:
        raise refusal(region, server, "put back", InstanceState.STOPPED)
    # Nova gives devices in the order of attaching, so one volume follows the other.
    back = True
    for part in sorted((p for p in parts if p.source), key=lambda p: (p.device or "", p.source)):
        volume = volumes[part.source]
        back &= _is_back(clients, region, server, part, volume=volume, mark=mark, may_attach=back)
    return back


def _stopped_again(clients: OpenStackClients, region: str, server: Json) -> Json:
    """Return a rebuilt server as it is once Nova has begun to stop it, or does not do so.

    Nova brings up what it has rebuilt, and then stops what was stopped before; between the two
    the server is active, and no task tells what is coming.
    """
    end = time.monotonic() + STOP_SECONDS
    while state_of(server) is InstanceState.RUNNING and not is_passing(server):
        if time.monotonic() > end:
            break
        time.sleep(STOP_SECONDS / 40)
        server = get_server(clients, region, str(server["id"]))
    return server


def _refuse_unready(region: str, server_id: str, parts: Sequence[Part]) -> None:
    snapshot = to_snapshot(region, server_id, parts)
    if snapshot.state is SnapshotState.AVAILABLE:
        return
    said = f"Snapshot {snapshot.id} of instance {server_id} in {region} is {snapshot.native_state}."
    if snapshot.state is SnapshotState.PENDING:
        raise Conflict(said, hint="Wait until it is ready.", provider="openstack")
    raise NotFound(said, provider="openstack")


def _volume(clients: OpenStackClients, region: str, server_id: str, part: Part) -> Json:
    """Return the volume of a part; raises InvalidRequest when it cannot be put back."""
    said = f"Disk {part.source} of instance {server_id} in {region} cannot be put back:"
    try:
        volume = get_volume(clients, region, part.source)
    except NotFound as error:
        raise InvalidRequest(f"{said} it is gone.", provider="openstack") from error
    others = set(known_holders(volume)) - {server_id}
    if others:
        raise InvalidRequest(
            f"{said} instance {min(others)} has it.", hint="Detach it there.", provider="openstack"
        )
    if str(volume["status"]).startswith("error"):
        raise InvalidRequest(f"{said} it is {volume['status']}.", provider="openstack")
    version = clients.endpoint(region, "block-storage").microversion
    if version is None or version < REVERTS:
        raise Unsupported(
            f"{said} this Cinder is older than {REVERTS[0]}.{REVERTS[1]}.", provider="openstack"
        )
    if integer(volume, "size") != part.size_gib:
        raise InvalidRequest(f"{said} it has another size since.", provider="openstack")
    newest = snapshots_of(clients, region, part.source)[-1:]
    if [one["id"] for one in newest] != [part.id]:
        raise InvalidRequest(
            f"{said} it has newer snapshots.",
            hint="Cinder goes back to the newest one only: delete those after it.",
            provider="openstack",
        )
    return volume


def _begin(
    clients: OpenStackClients,
    region: str,
    server: Json,
    parts: Sequence[Part],
    *,
    volumes: dict[str, Json],
    mark: str,
) -> None:
    """Ask Nova to rebuild the local disk from its image, and to remember the token with it."""
    server_id = str(server["id"])
    image = next((part for part in parts if not part.source), None)
    if image is None or not server.get("image"):
        raise Unsupported(
            f"Instance {server_id} in {region} boots from a volume: OpenStack cannot put that back"
            " while a machine has it.",
            provider="openstack",
        )
    fitting = {InstanceState.STOPPED} if volumes else {InstanceState.STOPPED, InstanceState.RUNNING}
    if state_of(server) not in fitting or is_passing(server):
        raise refusal(region, server, "put back", InstanceState.STOPPED)
    rebuild = {
        "imageRef": image.id,
        "metadata": {**server["metadata"], RESTORED_KEY: mark},
    }
    doing = f"put instance {server_id} in {region} back to snapshot {image.snapshot}"
    with changing(clients, region, server_id, "put back", InstanceState.STOPPED):
        act(clients, region, server_id, {"rebuild": rebuild}, doing)


def _is_back(
    clients: OpenStackClients,
    region: str,
    server: Json,
    part: Part,
    *,
    volume: Json,
    mark: str,
    may_attach: bool,
) -> bool:
    """Take one volume a step further; return whether it is as it was, and where it was."""
    reverted = pairs(volume, "metadata").get(RESTORED_KEY) == mark
    status = str(volume["status"])
    if status == "in-use" and reverted:
        return True
    doing = f"put disk {part.source} of instance {server['id']} in {region} back"
    with moving(clients, region, volume, doing):
        if status == "in-use":
            ask_to_detach(clients, region, server, part.source, doing=doing)
        elif status == "available" and reverted and may_attach:
            ask_to_attach(
                clients,
                region,
                server,
                part.source,
                doing=doing,
                device=part.device,
                goes_with_server=part.goes_with_server,
            )
        elif status == "available" and not reverted:
            _revert(clients, region, part, mark, doing=doing)
    return False


def _revert(clients: OpenStackClients, region: str, part: Part, mark: str, *, doing: str) -> None:
    """Ask Cinder to put a volume back, and remember that on the volume.

    A process that dies between the two lets the next one revert once more, without harm.
    """
    path = f"/volumes/{part.source}"
    body = {"revert": {"snapshot_id": part.id}}
    clients.call(region, "block-storage", "POST", f"{path}/action", doing=doing, body=body)
    marks = {"metadata": {RESTORED_KEY: mark}}
    clients.call(region, "block-storage", "POST", f"{path}/metadata", doing=doing, body=marks)
