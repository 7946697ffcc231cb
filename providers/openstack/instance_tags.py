"""Tags of an instance: Nova's metadata, and its server tags, which have no value.

Tags that SkyClust sets are metadata. A server tag that someone else has set is reported with an
empty value, and can be removed.
Sources: https://docs.openstack.org/api-ref/compute/#server-metadata and
https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from providers.openstack.create_request import reserved_tag_problem, tag_problem
from providers.openstack.errors import openstack_errors
from providers.openstack.fields import text_pairs, texts
from providers.openstack.instances import get_same_server
from providers.openstack.state_errors import state_errors
from skyclust.contract import TagProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import InstanceReference, InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients


class OpenStackTags(TagProvider):
    """Changes the metadata of servers, and removes their server tags."""

    _clients: OpenStackClients

    @openstack_errors("change tags")
    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set and remove tags of a server; all other tags stay unchanged.

        Raises InvalidRequest, before any change, for a tag that Nova does not accept and for the
        tags by which SkyClust identifies its servers; Conflict while Nova works on the server.
        """
        region, server_id = instance.region, instance.id
        doing = f"change the tags of instance {server_id} in {region}"
        server = get_same_server(self._clients, instance)
        metadata, server_tags = text_pairs(server, "metadata"), set(texts(server, "tags") or ())
        removed_keys = set(removed) - set(tags)
        problem = reserved_tag_problem(removed_keys) or tag_problem(
            {**dict.fromkeys(removed_keys - server_tags, ""), **tags}
        )
        if problem is not None:
            raise InvalidRequest(f"Could not {doing}: {problem}", provider="openstack")
        current = {**dict.fromkeys(server_tags, ""), **metadata}
        changed = {key: value for key, value in tags.items() if current.get(key) != value}
        path = f"/servers/{server_id}"
        deletions = [
            *(f"{path}/metadata/{_quoted(key)}" for key in sorted(removed_keys & set(metadata))),
            *(f"{path}/tags/{_quoted(tag)}" for tag in sorted(removed_keys & server_tags)),
        ]
        with state_errors(self._clients, region, server_id, "tag", InstanceState.RUNNING):
            if changed:
                body = {"metadata": changed}
                self._clients.call(
                    region, "compute", "POST", f"{path}/metadata", doing=doing, body=body
                )
            for deletion in deletions:
                try:
                    self._clients.call(region, "compute", "DELETE", deletion, doing=doing)
                except NotFound:
                    continue  # removed already, by this call's predecessor or by someone else


def _quoted(key: str) -> str:
    return quote(key, safe="")
