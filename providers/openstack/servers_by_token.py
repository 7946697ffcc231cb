"""Searching for the servers that were created with a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json
from providers.openstack.instances import require_reachable
from providers.openstack.paging import get_all
from providers.openstack.states import DELETED_STATUSES, UNREACHABLE
from providers.openstack.tokens import TAGS_AT_CREATE, TOKEN_KEY, to_server_tag
from skyclust.errors import Unavailable
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

DOWN_CELLS_LISTED: Final = (2, 69)
"""The microversion from which a list without parameters has the servers of down cells."""


def find_servers(clients: OpenStackClients, region: str, token_value: str) -> list[Json]:
    """Return the servers of a token as Nova reports them, sorted by id.

    Nova filters by the server tag; the metadata decides. Where Nova accepts no tags at creation
    (before 2.52), every server of the project is read. Raises Unavailable for a server in a cell
    that does not respond.
    """
    doing = f"look for the instance with token {token_value} in {region}"
    tagged = clients.microversion(region) >= TAGS_AT_CREATE
    servers = get_all(
        clients,
        region,
        "compute",
        "/servers/detail",
        "servers",
        doing=doing,
        params={"tags": to_server_tag(token_value)} if tagged else None,
    )
    for server in servers:
        require_reachable(server, doing)
    # A server without metadata is a KeyError, and so UnexpectedAnswer: it may be the one that is
    # searched for.
    matching = [server for server in servers if server["metadata"].get(TOKEN_KEY) == token_value]
    return sorted(
        (server for server in matching if server["status"] not in DELETED_STATUSES),
        key=lambda server: str(server["id"]),
    )


def require_all_cells(clients: OpenStackClients, region: str) -> None:
    """Raise Unavailable when a cell of Nova does not respond: the server may be in that cell.

    A list with a filter or a limit silently leaves out the servers of such a cell
    (https://docs.openstack.org/api-guide/compute/down_cells.html). A list without both has an
    entry with little more than the id for each of them, as far as its single page has room.
    """
    if clients.microversion(region) < DOWN_CELLS_LISTED:
        return
    doing = f"check that every cell of Nova responds in {region}"
    answer = clients.call(region, "compute", "GET", "/servers", doing=doing)
    for server in require_list(answer, "servers", doing=doing, provider="openstack"):
        if isinstance(server, dict) and server.get("status") == UNREACHABLE:
            raise Unavailable(
                f"A cell of Nova in {region} does not respond: the server may be in that cell.",
                hint="Try again when the cell responds again.",
                provider="openstack",
                code=UNREACHABLE,
            )
