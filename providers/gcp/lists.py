"""Lists of Compute Engine, page by page, complete or told otherwise.

A list may come with a warning in place of what could not be reached
(https://cloud.google.com/compute/docs/reference/rest/v1/instances/aggregatedList): a part with
a warning is never taken for an empty one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from providers.gcp.links import ending, region_of
from skyclust.errors import Unavailable

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

LARGEST_PAGE: Final = 500
"""The most that maxResults takes."""

_NOTHING_THERE: Final = "NO_RESULTS_ON_PAGE"


@dataclass(frozen=True)
class AggregatedPage:
    """One page of a list of all places: what it holds by region, and which regions it lacks."""

    things: Sequence[tuple[str, Answer]]
    unread: Mapping[str, Unavailable] = field(default_factory=dict)


def pages(
    clients: GcpClients, path: str, doing: str, *, page_size: int | None = None, **query: str
) -> Iterator[Sequence[Answer]]:
    """Yield the items of a list in one place, to the end.

    Raises Unavailable when the list comes with the warning that something could not be reached.
    """
    for answer in _answers(clients, path, doing, page_size, query):
        if (said := _missing(answer)) is not None:
            raise Unavailable(
                f"Could not {doing}: {said}.", provider="gcp", code=_warning_code(answer)
            )
        yield answer.get("items", ())


def aggregated_pages(
    clients: GcpClients, collection: str, doing: str, *, page_size: int | None = None
) -> Iterator[AggregatedPage]:
    """Yield the items of all zones and regions at once, to the end, each with its region.

    Raises Unavailable when something could not be reached and Google does not tell where.
    """
    # Without it one place that cannot be reached fails the list of all others.
    query = {"returnPartialSuccess": "true"}
    path = f"aggregated/{collection}"
    for answer in _answers(clients, path, doing, page_size, query):
        yield to_aggregated_page(collection, answer, doing)


def to_aggregated_page(collection: str, answer: Answer, doing: str) -> AggregatedPage:
    """Return a page of an aggregated list, with the regions that it was to have and has not."""
    things: list[tuple[str, Answer]] = []
    unread: dict[str, Unavailable] = {}
    for scope, content in answer.get("items", {}).items():
        region = region_of(ending(scope))
        things += [(region, thing) for thing in content.get(collection, ())]
        if (said := _missing(content)) is not None:
            unread[region] = _unreached(doing, scope, said, _warning_code(content))
    for scope in answer.get("unreachables", ()):
        region = region_of(ending(scope))
        unread.setdefault(region, _unreached(doing, scope, "it is unreachable", "UNREACHABLE"))
    if (said := _missing(answer)) is not None and not unread:
        raise _unreached(doing, "some place", said, _warning_code(answer))
    return AggregatedPage(things, unread)


def _answers(
    clients: GcpClients, path: str, doing: str, page_size: int | None, query: Mapping[str, str]
) -> Iterator[Answer]:
    size = LARGEST_PAGE if page_size is None else min(max(page_size, 1), LARGEST_PAGE)
    asked: dict[str, str | int] = {"maxResults": size, **query}
    while True:
        answer = clients.read(path, doing, **asked)
        yield answer
        if not answer.get("nextPageToken"):
            return
        asked["pageToken"] = answer["nextPageToken"]


def _missing(content: Answer) -> str | None:
    """Return what a warning says when it means that something is missing, else None."""
    code = _warning_code(content)
    if code in {"", _NOTHING_THERE}:
        return None
    return str(content["warning"].get("message") or code).rstrip(". ")


def _warning_code(content: Answer) -> str:
    return str(content.get("warning", {}).get("code", ""))


def _unreached(doing: str, scope: str, said: str, code: str) -> Unavailable:
    return Unavailable(f"Could not {doing} in {scope}: {said}.", provider="gcp", code=code)
