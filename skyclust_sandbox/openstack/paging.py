"""Pages of lists by `limit` and `marker`, as in every service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.settings import LARGEST_PAGE

Item = TypeVar("Item")


@dataclass(frozen=True)
class UnknownMarker:
    """The refusal of a marker that does not exist; `{}` is replaced by the marker."""

    status: int
    message: str
    code: str = ""


NOVA_UNKNOWN_MARKER: Final = UnknownMarker(400, "marker [{}] not found")


@dataclass(frozen=True)
class NextPage:
    """The query of the next page: that of this page with another marker."""

    pairs: Sequence[tuple[str, str]]

    def link(self, url: str) -> str:
        """Return the URL of the next page."""
        return f"{url}?{urlencode(self.pairs)}"


def page_of(
    context: Context,
    items: Sequence[Item],
    key: Callable[[Item], str],
    *,
    largest: int | None = -1,
    unknown_marker: UnknownMarker | None = NOVA_UNKNOWN_MARKER,
) -> tuple[Sequence[Item], NextPage | None]:
    """Return the requested page, and the query of the next one, None at the end.

    As in the real services a full page leads to another one, which may be empty. `largest` is the
    service's own limit, None where it has none. `unknown_marker` is the refusal of a marker that
    does not exist; where it is None the list starts from the beginning. Refuses a limit below zero
    with 400.
    """
    query = context.request.args
    own = LARGEST_PAGE if largest == -1 else largest
    limits = [
        limit for limit in (_limit(context), own, context.cloud.conditions.largest_page) if limit
    ]
    marker = query.get("marker")
    first = 0
    if marker:
        first = next((n for n, item in enumerate(items, 1) if key(item) == marker), -1)
        if first < 0 and unknown_marker is not None:
            raise context.refused(
                unknown_marker.status,
                unknown_marker.message.format(marker),
                code=unknown_marker.code,
            )
        first = max(first, 0)
    page = items[first : first + min(limits)] if limits else items[first:]
    if query.get("limit") == "0" and context.call.service == "compute":
        return [], None
    if not limits or not page or len(page) < min(limits):
        return page, None
    kept = [(name, value) for name, value in query.items(multi=True) if name != "marker"]
    return page, NextPage([*kept, ("marker", key(page[-1]))])


def _limit(context: Context) -> int | None:
    text = context.request.args.get("limit")
    if text is None:
        return None
    if not text.isdigit():
        raise context.refused(
            400, f"Invalid input for query parameters limit. Value: {text}. {text!r} is not valid."
        )
    return int(text)
