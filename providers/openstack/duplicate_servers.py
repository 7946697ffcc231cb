"""Which one stays, when several processes have made a server with the same token.

Nova has no key that makes a create idempotent. So whoever creates looks for the token first,
and again after; the token is in the server from its first moment. Then:

- **Whoever sees no other server but its own keeps it.** Of two creators only one can see itself
  alone: the server of the one was there when the other looked, or the other way round.
- **Whoever sees others removes its own server, and only that**, and takes what stays. The one
  with the least id may wait a little for those that it saw at its first look to go; it stays if
  they all go, and goes itself if one of them stays. Of any two servers the one that came later
  was made by someone who has seen the other: so two never both stay.
- **Whoever made none takes the one server that there is**, once it has stayed for a while: its
  maker, who decides within one call after its first look, would have removed it by then.
- Where all have gone, the next round begins after a pause of random length.

A maker that dies leaves its server as it is. One such server is found and taken by the next
call; of several the oldest is kept, once none of them has moved for a longer while. Nobody
removes a server that another process may still be deciding on, except there; and nobody removes
the last one. Nothing of this costs the usual create more than its second look.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, moment
from providers.openstack.instances import get_server
from providers.openstack.servers_by_token import find_servers, is_leaving
from skyclust.errors import Conflict, NotFound

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

SETTLE_SECONDS: Final = 3.0
"""Much longer than a maker takes from its look to the removal of its own server."""

ABANDONED: Final = 5
"""After so many times of that several servers that stay have no maker any more."""

ROUNDS_SECONDS: Final = 60.0
"""How long one call looks on before it leaves the matter to the next."""

OLD: Final = timedelta(seconds=60)
"""A server of this age has long been decided on."""


def standing(clients: OpenStackClients, region: str, mark: str) -> list[Json]:
    """Return the servers of a token that are not on their way out."""
    return [one for one in find_servers(clients, region, mark) if not is_leaving(one)]


def keep_or_yield(clients: OpenStackClients, region: str, mark: str, own: str) -> Json | None:
    """Return the server that stays after this process has made one; None where none did."""
    first = standing(clients, region, mark)
    rivals = {one["id"] for one in first} - {own}
    if not rivals or (own < min(rivals) and _all_go(clients, region, mark, rivals)):
        return _read(clients, region, own, first)
    _remove(clients, region, own)
    return follow(clients, region, mark)


def follow(
    clients: OpenStackClients, region: str, mark: str, seen: Sequence[Json] = ()
) -> Json | None:
    """Return the one server that others have made and that stays; None where none is left.

    `seen` are the servers of a look just now. Raises Conflict when there is no end in sight.
    """
    pause = SETTLE_SECONDS / 10
    end = time.monotonic() + ROUNDS_SECONDS
    found = list(seen) or standing(clients, region, mark)
    since, before = time.monotonic(), _ids(found)
    while found:
        stayed = time.monotonic() - since
        if len(found) == 1 and (stayed >= SETTLE_SECONDS or _is_old(found[0])):
            return found[0]
        if len(found) > 1 and stayed >= ABANDONED * SETTLE_SECONDS:
            return _keep_the_oldest(clients, region, found)
        if time.monotonic() > end:
            raise Conflict(
                f"Several processes create the instance with token {mark} in {region}.",
                hint="Ask again with the same token.",
                provider="openstack",
            )
        time.sleep(pause)
        found = standing(clients, region, mark)
        if _ids(found) != before:
            since, before = time.monotonic(), _ids(found)
    return None


def _all_go(clients: OpenStackClients, region: str, mark: str, rivals: set[str]) -> bool:
    """Return whether all rivals of the first look go; those that came later see us, and go."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        time.sleep(SETTLE_SECONDS / 10)
        if not rivals & set(_ids(standing(clients, region, mark))):
            return True
    return False


def _keep_the_oldest(clients: OpenStackClients, region: str, found: Sequence[Json]) -> Json:
    oldest, *others = sorted(found, key=lambda one: (str(one.get("created")), str(one["id"])))
    for other in others:
        _remove(clients, region, other["id"])
    return oldest


def _remove(clients: OpenStackClients, region: str, server_id: str) -> None:
    """Delete a server that is one too many; it has nothing yet that Nova does not delete."""
    doing = f"delete instance {server_id} in {region}, which was one too many"
    try:
        clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
    except NotFound:
        return
    end = time.monotonic() + SETTLE_SECONDS * ABANDONED
    while time.monotonic() < end:
        try:
            path = f"/servers/{server_id}"
            clients.call(region, "compute", "GET", path, doing=doing)
        except NotFound:
            return
        time.sleep(SETTLE_SECONDS / 10)


def _read(
    clients: OpenStackClients, region: str, server_id: str, found: Sequence[Json]
) -> Json | None:
    """Return a server, as it was found or as it is; None when somebody has deleted it."""
    server = next((one for one in found if one["id"] == server_id), None)
    try:
        return server or get_server(clients, region, server_id)
    except NotFound:
        return None


def _ids(found: Sequence[Json]) -> tuple[str, ...]:
    return tuple(str(one["id"]) for one in found)


def _is_old(server: Json) -> bool:
    created = moment(server, "created")
    return created is not None and datetime.now(UTC) - created > OLD
