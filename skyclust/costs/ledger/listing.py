"""Deliveries as people see them: a list by pages, one by a short id, and what it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from skyclust.cursor import decode_cursor, encode_cursor
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.short_id import GIVEN_DIGITS
from skyclust.store import cost_deliveries, cost_slices, workspaces
from skyclust.store.cost_deliveries import DeliveryRecord
from skyclust.store.cost_slices import Slice
from skyclust.store.engine import Store

_DELIVERIES: Final = "cost-deliveries"
_KEYS: Final = 2
_MOST_NAMED: Final = 5


@dataclass(frozen=True)
class DeliveryPage:
    """Deliveries, the one applied last first; `next_cursor` is None on the last page."""

    deliveries: list[DeliveryRecord]
    next_cursor: str | None


def list_deliveries(
    store: Store,
    workspace_id: str,
    *,
    source: str | None = None,
    billing_account_id: str | None = None,
    limit: int | None = 100,
    cursor: str | None = None,
) -> DeliveryPage:
    """Return the deliveries of a workspace, retracted ones too.

    Raises NotFound for an unknown workspace, InvalidRequest for a text that is no cursor.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        records = cost_deliveries.list_page(
            connection,
            workspace_id,
            source=source,
            billing_account_id=billing_account_id,
            before=_position(cursor) if cursor else None,
            limit=None if limit is None else limit + 1,
        )
    page = records[:limit]
    if len(records) == len(page):
        return DeliveryPage(page, None)
    last = page[-1]
    return DeliveryPage(
        page, encode_cursor(last.applied_at.isoformat(), last.delivery_id, of=_DELIVERIES)
    )


def find_delivery(store: Store, workspace_id: str, beginning: str) -> DeliveryRecord:
    """Return the one delivery whose id begins so.

    Raises NotFound when there is none; InvalidRequest for a text that is too short, and one that
    lists the ids of several.
    """
    if len(beginning) < GIVEN_DIGITS:
        raise InvalidRequest(
            f"{beginning!r} is too short for the id of a delivery.",
            hint=f"Give {GIVEN_DIGITS} digits of it at least.",
        )
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        found = cost_deliveries.beginning_with(
            connection, workspace_id, beginning, limit=_MOST_NAMED + 1
        )
    if not found:
        raise NotFound(
            f"There is no cost delivery whose id begins with {beginning!r}.",
            hint="The list of deliveries has their ids.",
        )
    if len(found) > 1:
        ids = "; ".join(each.delivery_id for each in found[:_MOST_NAMED])
        raise InvalidRequest(
            f"{beginning!r} is the beginning of several deliveries' ids: {ids}.",
            hint="Give more of the id.",
        )
    return found[0]


@dataclass(frozen=True)
class DeliveryExplanation:
    """A delivery, the slices that it wrote, and which of them are current."""

    delivery: DeliveryRecord
    slices: list[Slice]

    @property
    def current(self) -> list[Slice]:
        """Return the slices that queries count, or that are current as a shadow."""
        return [each for each in self.slices if each.superseded_at is None]


def explain_delivery(store: Store, workspace_id: str, beginning: str) -> DeliveryExplanation:
    """Return a delivery and what it wrote. Raises as `find_delivery` does."""
    record = find_delivery(store, workspace_id, beginning)
    with store.reading() as connection:
        slices = cost_slices.written_by(connection, workspace_id, record.delivery_id)
    return DeliveryExplanation(record, slices)


def _position(cursor: str) -> tuple[datetime, str]:
    at, delivery_id = decode_cursor(cursor, of=_DELIVERIES, keys=_KEYS)
    try:
        return datetime.fromisoformat(at), delivery_id
    except ValueError as error:
        raise InvalidRequest(f"{cursor[:80]!r} is no cursor of this list.") from error
