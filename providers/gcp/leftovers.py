"""Disks of an instance that nothing has any more: what a restore replaced, or did not finish.

Each bears the number of its instance as a label from before it is detached or made, so that it
is found whatever died in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.labels import INSTANCE
from providers.gcp.lists import pages
from providers.gcp.operations import asked, fresh_request_id
from skyclust.errors import NotFound

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def delete_leftovers(clients: GcpClients, zone: str, number: str) -> bool:
    """Ask for the end of the unattached disks that bear an instance's number.

    Returns whether there were none, so that whoever calls again sees the last one gone.
    """
    doing = f"delete the disks left of instance {number} in {zone}"
    none_left = True
    wanted = f'labels.{INSTANCE} = "{number}"'
    for page in pages(clients, f"zones/{zone}/disks", doing, filter=wanted):
        for disk in page:
            if disk.get("users"):
                continue
            none_left = False
            if disk["status"] == "DELETING":
                continue
            request = {
                "project": clients.project,
                "zone": zone,
                "disk": disk["name"],
                "request_id": fresh_request_id(),
            }
            try:
                asked(clients.disks().delete_unary, request, doing)
            except NotFound:
                continue
    return none_left
