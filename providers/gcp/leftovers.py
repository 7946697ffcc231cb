"""Disks that nothing has any more: what a restore replaced or did not finish, or a failed create.

Those of a restore bear the number of their instance as a label from before they are detached or
made, so that they are found whatever died in between. Those of a create bear its token.

A disk is deleted by its own number, so that a later one of the same name stays, and Compute
Engine refuses to delete one that an instance has: no look at it can come too late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.errors import plain
from providers.gcp.labels import INSTANCE, TOKEN
from providers.gcp.operations import asked, fresh_request_id
from providers.gcp.paging import things
from providers.gcp.timestamps import moment_of, to_moment
from skyclust.errors import Conflict, NotFound, UnexpectedAnswer

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import Answer, GcpClients

_IN_USE: Final = frozenset({"resourceinuse", "resourceinusebyanotherresource"})


def delete_leftovers(clients: GcpClients, zone: str, number: str) -> bool:
    """Ask for the end of the unattached disks that bear an instance's number.

    Returns whether there were none, so that whoever calls again sees the last one gone.
    """
    doing = f"delete the disks left of instance {number} in {zone}"
    unused = _unused(clients, zone, INSTANCE, number, doing)
    for disk in unused:
        _delete(clients, zone, disk, doing)
    return not unused


def delete_made_by(clients: GcpClients, zone: str, token: str, operation: Operation) -> None:
    """Ask for the end of the unattached disks that a failed insert of a token's machine made.

    Google takes them back with the machine, but for failures of its own. A disk that is older
    than the operation was not made by it: somebody may have kept it of an earlier machine.
    """
    if (begun := to_moment(operation.insert_time)) is None:
        return
    doing = f"delete the disks of the machine that was not made in {zone}"
    for disk in _unused(clients, zone, TOKEN, token, doing):
        made = moment_of(disk, "creationTimestamp")
        if made is not None and made >= begun:
            _delete(clients, zone, disk, doing)


def _unused(clients: GcpClients, zone: str, label: str, value: str, doing: str) -> list[Answer]:
    """Return the disks of a zone that bear a label and that no instance has."""
    path, wanted = f"zones/{zone}/disks", f'labels.{label} = "{value}"'
    return [
        disk
        for disk in things(clients, path, doing, filter=wanted)
        # Also where a filter is not understood no other disk is taken for one of these.
        if fields.labels(disk).get(label) == value and not fields.texts(disk, "users")
    ]


def _delete(clients: GcpClients, zone: str, disk: Answer, doing: str) -> None:
    if fields.text(disk, "status") == "DELETING":
        return
    number = fields.number(disk, "id")
    if not number:
        raise UnexpectedAnswer(f"Could not {doing}: a disk has no 'id'.", provider="gcp")
    request = {
        "project": clients.project,
        "zone": zone,
        "disk": str(number),
        "request_id": fresh_request_id(),
    }
    try:
        asked(clients.disks().delete_unary, request, doing)
    except NotFound:
        return
    except Conflict as error:
        if plain(error.code) not in _IN_USE:
            raise
