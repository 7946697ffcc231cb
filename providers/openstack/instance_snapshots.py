"""Snapshots of a machine: an image of its local disk, and snapshots of its volumes.

Nova keeps a local disk as an image (createImage), Cinder keeps volumes. The parts are held
together by one mark on each, made of the token: `skyclust_snapshot`. An image that was made of
the machine by other means is a snapshot of its own.

A machine that boots from a volume is Unsupported: Nova does not let go of the volume that a
machine boots from, and Cinder puts back only volumes that nobody has.
Sources: https://docs.openstack.org/api-ref/compute/#create-image-createimage-action and
https://docs.openstack.org/api-ref/block-storage/v3/#create-a-snapshot
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.openstack.compute import act, changing, state_of
from providers.openstack.disks import get_volume
from providers.openstack.fields import Json, objects, text
from providers.openstack.instances import get_same_server, get_server
from providers.openstack.snapshot_parts import (
    COUNT_KEY,
    DEVICE_KEY,
    GOES_KEY,
    INSTANCE_KEY,
    Part,
    find_parts,
    remove_part,
    to_snapshots,
)
from providers.openstack.tokens import SNAPSHOT_KEY
from skyclust.errors import NotFound, UnexpectedAnswer, Unsupported
from skyclust.model.instance import InstanceReference
from skyclust.model.snapshot import InstanceSnapshot
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_VOLUMES: Final = "os-extended-volumes:volumes_attached"


def create_snapshot(
    clients: OpenStackClients, instance: InstanceReference, name: str, mark: str
) -> InstanceSnapshot:
    """Ask for all parts of a snapshot that are not there yet, and return it as it is.

    Raises Conflict while Nova works on the server, Unsupported for one that boots from a volume.
    """
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    parts = [p for p in find_parts(clients, region, server_id) if p.snapshot == mark]
    if not parts or len(parts) < parts[0].count:
        _make_missing(clients, region, server, parts, name=name, mark=mark)
        parts = [p for p in find_parts(clients, region, server_id) if p.snapshot == mark]
        parts = _without_twins(clients, region, parts)
    found = to_snapshots(region, server_id, parts)
    if len(found) != 1:
        raise UnexpectedAnswer(
            f"The snapshot {name!r} of instance {server_id} in {region} was taken, and is not"
            " listed yet.",
            hint="Ask again with the same token.",
            provider="openstack",
        )
    return found[0]


def _make_missing(
    clients: OpenStackClients,
    region: str,
    server: Json,
    parts: Sequence[Part],
    *,
    name: str,
    mark: str,
) -> None:
    if not server.get("image"):
        raise Unsupported(
            f"Instance {server['id']} in {region} boots from a volume: OpenStack cannot put that"
            " back while a machine has it.",
            hint="Make backups of its volumes (openstack volume backup create) instead.",
            provider="openstack",
        )
    volumes = objects(server, _VOLUMES)
    if volumes is None:
        raise UnexpectedAnswer(
            f"Instance {server['id']} in {region} is shown without its disks.",
            provider="openstack",
        )
    marks = {
        SNAPSHOT_KEY: mark,
        INSTANCE_KEY: server["id"],
        COUNT_KEY: str(len(volumes) + 1),
    }
    made = {part.source for part in parts}
    if "" not in made:
        doing = f"take an image of instance {server['id']} in {region}"
        body = {"createImage": {"name": name, "metadata": marks}}
        with changing(clients, region, server["id"], "take a snapshot of", state_of(server)):
            act(clients, region, server["id"], body, doing)
    for volume in volumes:
        if volume["id"] not in made:
            goes = str(bool(volume.get("delete_on_termination", True))).lower()
            _keep_volume(
                clients,
                region,
                server,
                str(volume["id"]),
                name=name,
                marks={**marks, GOES_KEY: goes},
            )


def _keep_volume(
    clients: OpenStackClients,
    region: str,
    server: Json,
    volume_id: str,
    *,
    name: str,
    marks: dict[str, str],
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
        "force": True,  # the machine has the volume
        "metadata": {**marks, DEVICE_KEY: device or ""},
    }
    clients.call(
        region, "block-storage", "POST", "/snapshots", doing=doing, body={"snapshot": snapshot}
    )


def _without_twins(clients: OpenStackClients, region: str, parts: Sequence[Part]) -> list[Part]:
    """Return one part for each disk; others, made by another process just now, are removed."""
    kept: dict[str, Part] = {}
    for part in sorted(parts, key=lambda one: one.id):
        if part.source in kept:
            remove_part(clients, region, part)
        else:
            kept[part.source] = part
    return list(kept.values())


def list_snapshots(
    clients: OpenStackClients, region: str, server_id: str
) -> list[InstanceSnapshot]:
    """Return what was kept of a server, the oldest first."""
    return to_snapshots(region, server_id, find_parts(clients, region, server_id))


def delete_snapshot(
    clients: OpenStackClients, instance: InstanceReference, snapshot_id: str
) -> None:
    """Ask for the end of all parts of a snapshot; those that are gone are no error.

    Cinder keeps a volume as long as it has snapshots, also when its machine is gone. Such a
    volume goes with its last snapshot, as it would have gone with the machine.
    """
    region, server_id = instance.region, instance.id
    parts = [p for p in find_parts(clients, region, server_id) if p.snapshot == snapshot_id]
    if not parts:
        return
    orphaned = _is_gone(clients, instance)
    for part in parts:
        remove_part(clients, region, part, with_volume=orphaned and part.goes_with_server)


def _is_gone(clients: OpenStackClients, instance: InstanceReference) -> bool:
    try:
        server = get_server(clients, instance.region, instance.id)
    except NotFound:
        return True
    require_same_instance(instance, str(server["id"]), provider="openstack")
    return False
