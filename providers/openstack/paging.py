"""Reading a collection of OpenStack page by page, to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from skyclust.errors import InvalidRequest, NotFound, Unavailable, UnexpectedAnswer
from skyclust.providerkit.answers import require_list
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

MAX_PAGE_SIZE: Final = 1000
"""The largest page of Nova, Cinder and Glance by default (osapi_max_limit, api_limit_max)."""

MAX_RESTARTS: Final = 5
"""How often Neutron may restart one list from its beginning while it is read."""

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
    """Yield the items of a collection, page by page, to the end.

    The next page is requested with the id of the previous page's last item as the `marker`; the
    links to the next page are not followed, for they may name an internal address. A service may
    return fewer items than the limit; the list ends with a page that is neither full nor has a
    link to a next one. Neutron restarts some lists from the beginning when the item of the marker
    has been deleted; items that were yielded before are left out then. With `first_unbounded` the
    first page is requested without a limit, and has the service's own. Items without an id are
    yielded, for the reader to report.
    """
    limit = MAX_PAGE_SIZE if page_size is None else min(max(page_size, 1), MAX_PAGE_SIZE)
    query: Json = dict(params or {})
    if not first_unbounded:
        query["limit"] = limit
    progress = _Progress(doing, may_restart=service == "network")
    marker: str | None = None
    while True:
        answer = _get_page(
            clients, region, service, path, params={**query, "marker": marker}, doing=doing
        )
        items = require_list(answer, collection, doing=doing, provider="openstack")
        yield progress.new_items(items)
        marker = progress.next_marker(answer, collection, items, full=len(items) >= limit)
        if marker is None:
            return
        query["limit"] = limit


class _Progress:
    """The ids that one list has yielded so far, and the guard against a list without an end."""

    def __init__(self, doing: str, *, may_restart: bool) -> None:
        self._doing = doing
        self._guard = PageGuard(doing, "openstack")
        self._restarts_left = MAX_RESTARTS if may_restart else 0
        self._seen: set[object] = set()

    def new_items(self, items: Sequence[Any]) -> list[Any]:
        """Return the items of a page that no earlier page had."""
        ids = [_id_of(item) for item in items]
        if self._restarts_left and ids and ids[0] is not None and ids[0] in self._seen:
            self._restarts_left -= 1
            self._guard = PageGuard(self._doing, "openstack")  # the same markers come again
        new = [item for item, id_ in zip(items, ids, strict=True) if id_ not in self._seen]
        self._seen.update(id_ for id_ in ids if id_ is not None)
        return new

    def next_marker(
        self, answer: Any, collection: str, items: list[Any], *, full: bool
    ) -> str | None:
        """Return the marker of the next page, None at the end.

        Raises UnexpectedAnswer for a list without an end, and for a page without a marker.
        """
        if not items:
            return None
        link = _next_link(answer, collection)
        if link is None and not full:
            return None
        marker = _marker_of(link) or _id_of(items[-1])
        if marker is None:
            raise UnexpectedAnswer(
                f"Could not {self._doing}: the last item of a page has no id, so the next page"
                " cannot be requested.",
                provider="openstack",
            )
        self._guard.check(marker, (id_ for id_ in map(_id_of, items) if id_ is not None))
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
    """Return the items of all pages of a collection; raises UnexpectedAnswer for one without id."""
    pages = get_pages(clients, region, service, path, collection, doing=doing, params=params)
    items = [item for page in pages for item in page]
    if any(_id_of(item) is None for item in items):
        raise UnexpectedAnswer(
            f"Could not {doing}: one of the {collection} has no id.", provider="openstack"
        )
    return items


def _get_page(
    clients: OpenStackClients, region: str, service: str, path: str, *, params: Json, doing: str
) -> Any:
    query = {name: value for name, value in params.items() if value is not None}
    try:
        answer = clients.call(region, service, "GET", path, doing=doing, params=query)
    except (InvalidRequest, NotFound) as error:
        if "marker" in query and str(query["marker"]) in error.message:
            # The item of the marker has been deleted: the list must be read from its beginning.
            raise Unavailable(
                f"Could not {doing}: the list changed while it was read.",
                hint="Read it again.",
                provider="openstack",
                code=error.code,
            ) from error
        raise
    return answer


def _id_of(item: object) -> str | None:
    id_ = item.get("id") if isinstance(item, dict) else None
    return str(id_) if isinstance(id_, str | int) and id_ != "" else None


def _next_link(answer: Mapping[str, Any], collection: str) -> object:
    """Return the link to the next page as Nova and Neutron write it, or as Glance does."""
    links = answer.get(f"{collection}_links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next":
            return link.get("href")
    return answer.get("next")


def _marker_of(link: object) -> str | None:
    if not isinstance(link, str):
        return None
    try:
        markers = parse_qs(urlsplit(link).query).get("marker")
    except ValueError:
        return None
    return markers[0] if markers else None
