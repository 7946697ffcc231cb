"""Finding the servers that were made with a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, required_text, text
from providers.openstack.instances import described, refuse_unreachable
from providers.openstack.paging import get_all
from providers.openstack.states import GONE, UNREACHABLE, to_state
from providers.openstack.tokens import TAGS_AT_CREATE, TOKEN_KEY, to_server_tag
from skyclust.errors import Unavailable
from skyclust.model.instance import Instance, InstanceState
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

CELLS_TOLD: Final = (2, 69)
"""Since then Nova shows servers of cells that do not answer, in lists without any parameter."""


def find_instances(clients: OpenStackClients, region: str, mark: str) -> list[Instance]:
    """Return the servers of a token that still exist, those being deleted included."""
    found = find_servers(clients, region, mark)
    if not found:
        refuse_silent_cells(clients, region)
    return described(clients, region, found)


def find_servers(clients: OpenStackClients, region: str, mark: str) -> list[Json]:
    """Return the servers of a token as Nova shows them, in the order of their ids.

    The server tag lets Nova do the search; metadata decides. Where Nova takes no tags with a
    new server, every server of the project is looked at.
    """
    doing = f"look for the instance with token {mark} in {region}"
    tagged = clients.microversion(region) >= TAGS_AT_CREATE
    servers = get_all(
        clients,
        region,
        "compute",
        "/servers/detail",
        "servers",
        doing=doing,
        params={"tags": to_server_tag(mark)} if tagged else None,
    )
    for server in servers:
        refuse_unreachable(server, doing)
    # Without its metadata a server might be the one that is sought: then nothing is known.
    ours = [one for one in servers if one["metadata"].get(TOKEN_KEY) == mark]
    return sorted(
        (one for one in ours if one["status"] not in GONE), key=lambda one: str(one["id"])
    )


def is_leaving(server: Json) -> bool:
    """Return whether a server is being deleted, or is gone."""
    state = to_state(required_text(server, "status"), text(server, "OS-EXT-STS:task_state"))
    return state in {InstanceState.DELETING, InstanceState.DELETED}


def refuse_silent_cells(clients: OpenStackClients, region: str) -> None:
    """Raise Unavailable when a cell of Nova does not answer: what was sought may be in it.

    A list that is filtered or paged leaves the servers of such a cell out, and says nothing
    (https://docs.openstack.org/api-guide/compute/down_cells.html); one that is neither shows
    what Nova knows of them, as long as it has room for them in its one page.
    """
    if clients.microversion(region) < CELLS_TOLD:
        return
    doing = f"ask whether every cell of Nova answers in {region}"
    answer = clients.call(region, "compute", "GET", "/servers", doing=doing)
    for server in require_list(answer, "servers", doing=doing, provider="openstack"):
        if isinstance(server, dict) and server.get("status") == UNREACHABLE:
            raise Unavailable(
                f"A cell of Nova in {region} does not answer: what was made with the token may"
                " be in it.",
                hint="Try again when the cloud has mended it.",
                provider="openstack",
                code=UNREACHABLE,
            )
