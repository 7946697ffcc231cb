"""Tags of a machine: Nova's metadata, and its server tags, which are words without a value.

What is set goes into the metadata. A server tag that somebody else gave is shown with an empty
value, and can be removed.
Sources: https://docs.openstack.org/api-ref/compute/#server-metadata and
https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from providers.openstack.compute import changing
from providers.openstack.create_request import own_tag_problem, tag_problem
from providers.openstack.fields import pairs, texts
from providers.openstack.instances import get_same_server
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


def set_tags(
    clients: OpenStackClients,
    instance: InstanceReference,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set and remove tags of a server, and leave all others as they are.

    Raises InvalidRequest, before anything is changed, for what Nova does not take and for the
    marks that the server is found by; Conflict while Nova works on the server.
    """
    region, server_id = instance.region, instance.id
    doing = f"change the tags of instance {server_id} in {region}"
    server = get_same_server(clients, instance)
    metadata, words = pairs(server, "metadata"), set(texts(server, "tags") or ())
    leaving = set(removed) - set(tags)
    problem = own_tag_problem(leaving) or tag_problem(
        {**dict.fromkeys(leaving - words, ""), **tags}
    )
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}", provider="openstack")
    shown = {**dict.fromkeys(words, ""), **metadata}
    path = f"/servers/{server_id}"
    with changing(clients, region, server_id, "tag", InstanceState.RUNNING):
        missing = {key: value for key, value in tags.items() if shown.get(key) != value}
        if missing:
            body = {"metadata": missing}
            clients.call(region, "compute", "POST", f"{path}/metadata", doing=doing, body=body)
        gone = [f"{path}/metadata/{_quoted(key)}" for key in sorted(leaving & set(metadata))]
        gone += [f"{path}/tags/{_quoted(word)}" for word in sorted(leaving & words)]
        for one in gone:
            try:
                clients.call(region, "compute", "DELETE", one, doing=doing)
            except NotFound:
                continue  # somebody else has removed it


def _quoted(key: str) -> str:
    return quote(key, safe="")
