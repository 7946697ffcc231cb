"""Reading a list of OpenStack page by page, to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from skyclust.errors import InvalidRequest, NotFound, Unavailable, UnexpectedAnswer
from skyclust.providerkit.answers import require_list
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

LARGEST_PAGE: Final = 1000
"""What Nova, Cinder and Glance give at most by default (osapi_max_limit, api_limit_max)."""

MOST_RESTARTS: Final = 5
"""How often one list of Neutron may begin anew while it is read."""

Json = dict[str, Any]


def get_pages(
    clients: OpenStackClients,
    region: str,
    service: str,
    path: str,
    collection: str,
    *,
    doing: str,
    params: Json | None = None,
    page_size: int | None = None,
    first_unbounded: bool = False,
) -> Iterator[list[Any]]:
    """Yield the things of a collection, page by page, to the end.

    A page is asked for by the id of the last thing before it: the links that services give for
    the next page may lead to an address that is not ours. A service may give fewer things than
    it is asked for; the list ends where it gives no link and less than asked. Neutron begins
    some of its lists anew when the thing that the id belongs to is gone by then: what was
    yielded before is left out. With `first_unbounded` the first page is asked for without a
    limit and has the service's own. Things without an id are yielded for the reader to refuse.
    """
    limit = LARGEST_PAGE if page_size is None else min(max(page_size, 1), LARGEST_PAGE)
    asked: Json = dict(params or {})
    if not first_unbounded:
        asked["limit"] = limit
    place = _Place(doing, may_begin_anew=service == "network")
    marker: str | None = None
    while True:
        answer = _page(
            clients, region, service, path, params={**asked, "marker": marker}, doing=doing
        )
        things = require_list(answer, collection, doing=doing, provider="openstack")
        yield place.fresh(things)
        marker = place.following(answer, collection, things, full=len(things) >= limit)
        if marker is None:
            return
        asked["limit"] = limit


class _Place:
    """How far a list is read: what was yielded, and which pages led on."""

    def __init__(self, doing: str, *, may_begin_anew: bool) -> None:
        self._doing = doing
        self._guard = PageGuard(doing, "openstack")
        self._restarts_left = MOST_RESTARTS if may_begin_anew else 0
        self._seen: set[object] = set()

    def fresh(self, things: Sequence[Any]) -> list[Any]:
        """Return the things of a page that no page before it had."""
        ids = [_id_of(thing) for thing in things]
        if self._restarts_left and ids and ids[0] is not None and ids[0] in self._seen:
            self._restarts_left -= 1
            self._guard = PageGuard(self._doing, "openstack")  # the same pages lead on again
        found = [thing for thing, id_ in zip(things, ids, strict=True) if id_ not in self._seen]
        self._seen.update(id_ for id_ in ids if id_ is not None)
        return found

    def following(
        self, answer: Any, collection: str, things: list[Any], *, full: bool
    ) -> str | None:
        """Return the marker of the next page, None at the end.

        Raises UnexpectedAnswer for a list that never ends, or that does not say how it goes on.
        """
        if not things:
            return None
        link = _link(answer, collection)
        if link is None and not full:
            return None
        marker = _marker_of(link) or _id_of(things[-1])
        if marker is None:
            raise UnexpectedAnswer(
                f"Could not {self._doing}: a page ends with a thing without an id, so the next"
                " one cannot be asked for.",
                provider="openstack",
            )
        self._guard.check(marker, (one for one in map(_id_of, things) if one is not None))
        return marker


def get_all(
    clients: OpenStackClients,
    region: str,
    service: str,
    path: str,
    collection: str,
    *,
    doing: str,
    params: Json | None = None,
) -> list[Json]:
    """Return the things of all pages of a collection."""
    pages = get_pages(clients, region, service, path, collection, doing=doing, params=params)
    things = [thing for page in pages for thing in page]
    if any(_id_of(thing) is None for thing in things):
        raise UnexpectedAnswer(
            f"Could not {doing}: one of the {collection} has no id.", provider="openstack"
        )
    return things


def _page(
    clients: OpenStackClients, region: str, service: str, path: str, *, params: Json, doing: str
) -> Any:
    given = {name: value for name, value in params.items() if value is not None}
    try:
        answer = clients.call(region, service, "GET", path, doing=doing, params=given)
    except (InvalidRequest, NotFound) as error:
        if "marker" in given and str(given["marker"]) in error.message:
            # What stood last on the page before is gone since: the list begins anew.
            raise Unavailable(
                f"Could not {doing}: the list changed while it was read.",
                hint="Read it again.",
                provider="openstack",
                code=error.code,
            ) from error
        raise
    return answer


def _id_of(thing: object) -> str | None:
    found = thing.get("id") if isinstance(thing, dict) else None
    return str(found) if isinstance(found, str | int) and found != "" else None


def _link(answer: Mapping[str, Any], collection: str) -> object:
    """Return the link to the next page: in Nova's and Neutron's way, or in Glance's."""
    links = answer.get(f"{collection}_links")
    for one in links if isinstance(links, list) else ():
        if isinstance(one, dict) and one.get("rel") == "next":
            return one.get("href")
    return answer.get("next")


def _marker_of(link: object) -> str | None:
    if not isinstance(link, str):
        return None
    try:
        told = parse_qs(urlsplit(link).query).get("marker")
    except ValueError:
        return None
    return told[0] if told else None
