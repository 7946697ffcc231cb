"""The crossings of a collection of costs: between what is read, staged, written and committed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from flows import collect_costs as flow
from skyclust.contract.cost import CostDelivery
from skyclust.costs.collection import account, deliveries
from skyclust.costs.ledger import collecting, delivering, delivery_plan
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.orchestration import dispatch

PAGE = "after page"
STAGED = "after stage"
WRITTEN = "after put"
ROLLED_UP = "after with_rollups"
MOVED = "after commit_delivery"
COMMITTED = "after apply_staged"
TOTALS = "after keep_totals"
REPORTED = "before report_collection"
SENT = "after _post"
TIDIED = "after collect_files"

KINDS = (
    PAGE,
    STAGED,
    WRITTEN,
    ROLLED_UP,
    MOVED,
    COMMITTED,
    TOTALS,
    REPORTED,
    SENT,
    TIDIED,
)
"""What a drill kills a collection at: a page is read, its rows are staged, a slice is written,
the rollups are made anew, the pointers are moved in a transaction that is not committed, it is
committed, totals are kept, all is collected and nothing shown, events are sent and not marked,
old files are removed."""


def watch_costs(
    crossing: Callable[[str], None], watched: Callable[..., Callable[..., Any]]
) -> None:
    """Watch this process; `watched` wraps a function with its crossings."""
    places: list[tuple[Any, str]] = [
        (delivering, "stage"),
        (LedgerRoot, "put"),
        (delivery_plan, "with_rollups"),
        (delivering, "commit_delivery"),
        (delivering, "apply_staged"),
        (account, "keep_totals"),
        (flow, "report_collection"),
        (dispatch, "_post"),
        (collecting, "collect_files"),
    ]
    for owner, name in places:
        setattr(owner, name, watched(getattr(owner, name), crossing))
    tables_of = deliveries.tables_of

    @functools.wraps(tables_of)
    def pages(delivery: CostDelivery, remarks: list[str]) -> Iterator[Any]:
        for page in tables_of(delivery, remarks):
            yield page
            crossing(PAGE)

    deliveries.tables_of = pages
