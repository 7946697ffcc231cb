"""Following the pages of a list to its end, and noticing that there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from skyclust.providerkit.answers import require_list
from skyclust.providerkit.paging import PageGuard

_TOKENS: Final = ("NextToken", "NextMarker")
"""Where EC2, and where both services of load balancers, name the next page."""


def get_pages(client: Any, operation: str, result: str, **parameters: Any) -> Iterator[list[Any]]:
    """Yield the items of a list page by page; `result` is the answer's member that holds them.

    Errors are botocore's, to be translated around each step, but for UnexpectedAnswer: that of
    a page without its list, and of a list that never ends.
    """
    doing = f"read all pages of {operation}"
    guard = PageGuard(doing, "aws")
    for page in client.get_paginator(operation).paginate(**parameters):
        yield require_list(page, result, doing=doing, provider="aws")
        token = next((page[name] for name in _TOKENS if page.get(name)), None)
        if token is not None:
            guard.check(token)
