"""Reading all pages of a list; a list that never ends raises an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from skyclust.providerkit.answers import require_list
from skyclust.providerkit.paging import PageGuard

_TOKENS: Final = ("NextToken", "NextMarker")
"""The member that names the next page: the first in EC2, the second in elb and elbv2."""


def get_pages(client: Any, operation: str, result: str, **parameters: Any) -> Iterator[list[Any]]:
    """Yield the items of a list page by page; `result` is the member of the reply that has them.

    Raises UnexpectedAnswer for a page without the list, and for a list that never ends. All other
    errors are botocore's: the caller translates them.
    """
    doing = f"read all pages of {operation}"
    guard = PageGuard(doing, "aws")
    for page in client.get_paginator(operation).paginate(**parameters):
        yield require_list(page, result, doing=doing, provider="aws")
        token = next((page[name] for name in _TOKENS if page.get(name)), None)
        if token is not None:
            guard.check(token)
