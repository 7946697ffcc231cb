"""Parts of reading lists: the link to the next page, the marks of a page, the items' type."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_object


def next_url(endpoint: str, link: str, doing: str) -> str:
    """Return a link to the next page, with the endpoint as its host.

    The access token must not be sent to another host. Raises UnexpectedAnswer for a link that is
    not a URL.
    """
    try:
        parts = urlsplit(link)
    except ValueError as error:
        raise UnexpectedAnswer(
            f"Could not {doing}: the link to the next page is not a URL.", provider="azure"
        ) from error
    host = urlsplit(endpoint)
    return f"{host.scheme}://{host.netloc}{parts.path}?{parts.query}"


def page_marks(page: list[Any], next_link: str) -> list[str]:
    """Return what distinguishes the items of a page from those of other pages.

    These are the items' ids, or the link to the next page if the items have no ids.
    """
    ids = [
        item["id"] for item in page if isinstance(item, dict) and isinstance(item.get("id"), str)
    ]
    return ids or [next_link] * len(page)


def objects(items: list[Any], path: str) -> list[dict[str, Any]]:
    """Return the items of a list; raises UnexpectedAnswer if one is not a JSON object."""
    doing = f"read an item of {path}"
    return [dict(require_object(item, doing=doing, provider="azure")) for item in items]
