"""Disks that nothing has any more: what a restore replaced or did not finish, or a failed create.

Those of a restore bear the number of their instance as a label from before they are detached or
made, so that they are found whatever died in between. Those of a create bear its token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.labels import INSTANCE, TOKEN
from providers.gcp.lists import pages
from providers.gcp.moments import to_moment
from providers.gcp.operations import asked, fresh_request_id
from skyclust.errors import NotFound

if TYPE_CHECKING:
    from google.cloud.compute_v1.types import Operation

    from providers.gcp.client import Answer, GcpClients


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
        made = to_moment(disk.get("creationTimestamp"))
        if made is not None and made >= begun:
            _delete(clients, zone, disk, doing)


def _unused(clients: GcpClients, zone: str, label: str, value: str, doing: str) -> list[Answer]:
    listed = pages(clients, f"zones/{zone}/disks", doing, filter=f'labels.{label} = "{value}"')
    return [disk for page in listed for disk in page if not disk.get("users")]


def _delete(clients: GcpClients, zone: str, disk: Answer, doing: str) -> None:
    if disk["status"] == "DELETING":
        return
    request = {
        "project": clients.project,
        "zone": zone,
        "disk": disk["name"],
        "request_id": fresh_request_id(),
    }
    try:
        asked(clients.disks().delete_unary, request, doing)
    except NotFound:
        return
