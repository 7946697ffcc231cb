"""Which server is kept when several processes have created one with the same token.

Nova has no idempotency key for a create request. So every caller searches for the token before it
creates, and again afterwards; the token is part of the server from its creation. Then:

- **A caller that sees no server but its own keeps it.** Of two callers at most one sees its own
  server alone: the server of the first existed when the second searched, or the reverse.
- **A caller that sees others deletes its own server, and only that one**, and uses the server
  that is kept. The caller with the smallest server id may first wait a little for the servers of
  its first search to disappear; it keeps its server if all of them do, and deletes it if one of
  them stays. Of any two servers the later one was created by a caller that has seen the earlier
  one: so two are never both kept.
- **A caller that created none uses the only server with the token**, once that has existed for a
  while: its creator, which decides within one call after its first search, would have deleted it
  by then.
- When all have been deleted, the next round begins after a pause of random length.

A process that dies leaves its server behind. The next call finds and uses a single server left in
this way; of several it keeps the oldest, once none of them has changed for a longer time. Except
for this case a server is never deleted while another process may still be deciding about it, and
the last one is never deleted. The usual create pays for all this with its second search only.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, timestamp
from providers.openstack.instances import get_server
from providers.openstack.servers_by_token import find_servers
from providers.openstack.states import state_of
from skyclust.errors import Conflict, NotFound
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

SETTLE_SECONDS: Final = 3.0
"""Much longer than a caller takes from its search to the deletion of its own server."""

ABANDONED_FACTOR: Final = 5
"""After so many times SETTLE_SECONDS, several servers that are all kept have no creator alive."""

WAIT_SECONDS: Final = 60.0
"""How long one call waits for the number of servers to settle."""

OLD: Final = timedelta(seconds=60)
"""At this age of a server its creator has decided about it long ago."""


def live_servers(clients: OpenStackClients, region: str, token_value: str) -> list[Json]:
    """Return the servers of a token that are not being deleted."""
    ending = {InstanceState.DELETING, InstanceState.DELETED}
    servers = find_servers(clients, region, token_value)
    return [server for server in servers if state_of(server) not in ending]


def keep_or_withdraw(
    clients: OpenStackClients, region: str, token_value: str, own: str
) -> Json | None:
    """Return the server that is kept after this process created one; None when none is."""
    servers = live_servers(clients, region, token_value)
    rivals = {server["id"] for server in servers} - {own}
    if not rivals or (own < min(rivals) and _all_deleted(clients, region, token_value, rivals)):
        return _read_if_exists(clients, region, own, servers)
    _delete_duplicate(clients, region, own)
    return wait_for_one(clients, region, token_value)


def wait_for_one(
    clients: OpenStackClients, region: str, token_value: str, servers: Sequence[Json] = ()
) -> Json | None:
    """Return the one server of other processes that is kept; None when none is left.

    `servers` is the result of a search that has just been made. Raises Conflict when the servers
    keep changing for WAIT_SECONDS.
    """
    pause = SETTLE_SECONDS / 10
    deadline = time.monotonic() + WAIT_SECONDS
    servers = list(servers) or live_servers(clients, region, token_value)
    since, ids = time.monotonic(), _ids(servers)
    while servers:
        unchanged = time.monotonic() - since
        if len(servers) == 1 and (unchanged >= SETTLE_SECONDS or _is_old(servers[0])):
            return servers[0]
        if len(servers) > 1 and unchanged >= ABANDONED_FACTOR * SETTLE_SECONDS:
            return _keep_oldest(clients, region, servers)
        if time.monotonic() > deadline:
            raise Conflict(
                f"Several processes create the instance with token {token_value} in {region}.",
                hint="Repeat the request with the same token.",
                provider="openstack",
            )
        time.sleep(pause)
        servers = live_servers(clients, region, token_value)
        if _ids(servers) != ids:
            since, ids = time.monotonic(), _ids(servers)
    return None


def _all_deleted(
    clients: OpenStackClients, region: str, token_value: str, rivals: set[str]
) -> bool:
    """Return whether all rivals of the first search are deleted within SETTLE_SECONDS.

    Servers that appear later need no check: their creators see ours and delete their own.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(SETTLE_SECONDS / 10)
        if not rivals & set(_ids(live_servers(clients, region, token_value))):
            return True
    return False


def _keep_oldest(clients: OpenStackClients, region: str, servers: Sequence[Json]) -> Json:
    oldest, *younger = sorted(servers, key=lambda one: (str(one.get("created")), str(one["id"])))
    for server in younger:
        _delete_duplicate(clients, region, server["id"])
    return oldest


def _delete_duplicate(clients: OpenStackClients, region: str, server_id: str) -> None:
    """Delete a surplus server, and wait until it is gone.

    It has no floating IP yet, and nothing else that Nova does not delete with it.
    """
    doing = f"delete instance {server_id} in {region}, a duplicate"
    try:
        clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
    except NotFound:
        return
    deadline = time.monotonic() + SETTLE_SECONDS * ABANDONED_FACTOR
    while time.monotonic() < deadline:
        try:
            path = f"/servers/{server_id}"
            clients.call(region, "compute", "GET", path, doing=doing)
        except NotFound:
            return
        time.sleep(SETTLE_SECONDS / 10)


def _read_if_exists(
    clients: OpenStackClients, region: str, server_id: str, servers: Sequence[Json]
) -> Json | None:
    """Return a server from a search result, or as it is now; None when it has been deleted."""
    server = next((server for server in servers if server["id"] == server_id), None)
    try:
        return server or get_server(clients, region, server_id)
    except NotFound:
        return None


def _ids(servers: Sequence[Json]) -> tuple[str, ...]:
    return tuple(str(server["id"]) for server in servers)


def _is_old(server: Json) -> bool:
    created = timestamp(server, "created")
    return created is not None and datetime.now(UTC) - created > OLD
