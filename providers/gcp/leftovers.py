"""Deleting disks that no instance uses: those of a restore, and those of a failed create.

The disks of a restore have the numeric id of their instance as a label before they are created
or detached, so that they are found even if the restore is interrupted. The disks of a create
have its token as a label.

A disk is deleted by its numeric id, so that a later disk of the same name is not affected.
Compute Engine refuses to delete a disk that an instance uses, even if it was attached after the
disk was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.errors import normalize_reason
from providers.gcp.labels import INSTANCE, TOKEN
from providers.gcp.operations import new_request_id, submit
from providers.gcp.paging import list_all
from providers.gcp.timestamps import parse_timestamp, timestamp_of
from skyclust.errors import Conflict, NotFound, UnexpectedAnswer

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import GcpClients, JsonObject

_IN_USE: Final = frozenset({"resourceinuse", "resourceinusebyanotherresource"})


def delete_restore_disks(clients: GcpClients, zone: str, number: str) -> bool:
    """Request the deletion of the detached disks that are labelled with an instance's numeric id.

    Returns whether there were none: the caller repeats the call until the last one is gone.
    """
    doing = f"delete the disks left of instance {number} in {zone}"
    unused = _detached_disks(clients, zone, INSTANCE, number, doing)
    for disk in unused:
        _delete(clients, zone, disk, doing)
    return not unused


def delete_disks_of_failed_insert(
    clients: GcpClients, zone: str, token: str, operation: Operation
) -> None:
    """Request the deletion of the detached disks that a failed instances.insert created.

    Compute Engine deletes them itself unless it fails. A disk that is older than the operation
    was not created by it: a user may have kept it from an earlier instance.
    """
    if (started_at := parse_timestamp(operation.insert_time)) is None:
        return
    doing = f"delete the disks of the instance that was not created in {zone}"
    for disk in _detached_disks(clients, zone, TOKEN, token, doing):
        created_at = timestamp_of(disk, "creationTimestamp")
        if created_at is not None and created_at >= started_at:
            _delete(clients, zone, disk, doing)


def _detached_disks(
    clients: GcpClients, zone: str, label: str, value: str, doing: str
) -> list[JsonObject]:
    """Return the disks of a zone that have a label and that no instance uses."""
    path, label_filter = f"zones/{zone}/disks", f'labels.{label} = "{value}"'
    return [
        disk
        for disk in list_all(clients, path, doing, filter=label_filter)
        # An endpoint that ignores the filter returns other disks as well.
        if fields.labels(disk).get(label) == value and not fields.texts(disk, "users")
    ]


def _delete(clients: GcpClients, zone: str, disk: JsonObject, doing: str) -> None:
    if fields.text(disk, "status") == "DELETING":
        return
    number = fields.integer(disk, "id")
    if not number:
        raise UnexpectedAnswer(f"Could not {doing}: a disk has no 'id'.", provider="gcp")
    request = {
        "project": clients.project,
        "zone": zone,
        "disk": str(number),
        "request_id": new_request_id(),
    }
    try:
        submit(clients.disks().delete_unary, request, doing)
    except NotFound:
        return
    except Conflict as error:
        if normalize_reason(error.code) not in _IN_USE:
            raise
