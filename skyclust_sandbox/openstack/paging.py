"""Pages of lists: `limit` and `marker`, as every service understands them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.settings import LARGEST_PAGE

Item = TypeVar("Item")


@dataclass(frozen=True)
class Gone:
    """How a service refuses a marker that names nothing; `{}` stands for the marker."""

    status: int
    message: str
    code: str = ""


NOVA_GONE: Final = Gone(400, "marker [{}] not found")


@dataclass(frozen=True)
class More:
    """What leads to the next page: the same question, after a marker."""

    question: Sequence[tuple[str, str]]

    def link(self, url: str) -> str:
        """Return the URL of the next page."""
        return f"{url}?{urlencode(self.question)}"


def page_of(
    context: Context,
    items: Sequence[Item],
    key: Callable[[Item], str],
    *,
    largest: int | None = -1,
    gone: Gone | None = NOVA_GONE,
) -> tuple[Sequence[Item], More | None]:
    """Return the page that is asked for, and what leads to the next one.

    As at the real services a full page leads to another one, which may be empty. `largest` is
    the service's own limit, None where it has none. A marker that names nothing is refused in the
    words of `gone`; where it is None the list begins anew. Refuses a limit below zero with 400.
    """
    asked = context.request.args
    own = LARGEST_PAGE if largest == -1 else largest
    limits = [one for one in (_limit(context), own, context.cloud.conditions.largest_page) if one]
    marker = asked.get("marker")
    first = 0
    if marker:
        first = next((n for n, item in enumerate(items, 1) if key(item) == marker), -1)
        if first < 0 and gone is not None:
            raise context.refused(gone.status, gone.message.format(marker), code=gone.code)
        first = max(first, 0)
    page = items[first : first + min(limits)] if limits else items[first:]
    if asked.get("limit") == "0" and context.call.service == "compute":
        return [], None
    if not limits or not page or len(page) < min(limits):
        return page, None
    kept = [(name, one) for name, one in asked.items(multi=True) if name != "marker"]
    return page, More([*kept, ("marker", key(page[-1]))])


def _limit(context: Context) -> int | None:
    text = context.request.args.get("limit")
    if text is None:
        return None
    if not text.isdigit():
        raise context.refused(
            400, f"Invalid input for query parameters limit. Value: {text}. {text!r} is not valid."
        )
    return int(text)
