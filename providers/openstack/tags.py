"""Tags of a machine: Nova's metadata.

Source: https://docs.openstack.org/api-ref/compute/#server-metadata
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from providers.openstack.changes import changing
from providers.openstack.instances import get_server
from providers.openstack.request import tag_problem
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


def set_metadata(
    clients: OpenStackClients,
    region: str,
    server_id: str,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set and remove items of a server's metadata, and leave all others as they are.

    Raises InvalidRequest, before anything is changed, for what Nova does not take and for the
    marks that the server is found by; Conflict while Nova works on the server.
    """
    doing = f"change the tags of instance {server_id} in {region}"
    problem = tag_problem({**dict.fromkeys(removed, ""), **tags})
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}", provider="openstack")
    has = get_server(clients, region, server_id)["metadata"]
    path = f"/servers/{server_id}/metadata"
    with changing(clients, region, server_id, "tag", InstanceState.RUNNING):
        if any(has.get(key) != value for key, value in tags.items()):
            body = {"metadata": dict(tags)}
            clients.call(region, "compute", "POST", path, doing=doing, body=body)
        for key in sorted((set(removed) & set(has)) - set(tags)):
            try:
                clients.call(region, "compute", "DELETE", f"{path}/{quote(key)}", doing=doing)
            except NotFound:
                continue  # somebody else has removed it
