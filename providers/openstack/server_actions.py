"""Server actions of Nova.

Source: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.openstack.fields import Json

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


def post_action(
    clients: OpenStackClients, region: str, server_id: str, action: Json, doing: str
) -> Any:
    """Request one action on a server and return the body of Nova's reply."""
    return clients.call(
        region, "compute", "POST", f"/servers/{server_id}/action", doing=doing, body=action
    )
