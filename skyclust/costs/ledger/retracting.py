"""Retracting a delivery: each day gets what the remaining deliveries have of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from skyclust.costs.ledger import events
from skyclust.costs.ledger.claims import claims_day, deciding_slice
from skyclust.costs.ledger.listing import find_delivery
from skyclust.costs.ledger.ownership import release_if_unused
from skyclust.costs.ledger.slice_changes import (
    PeriodState,
    SliceChange,
    next_moment,
    read_state,
    repeated,
    require_unchanged,
    with_rollups,
    write_change,
)
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.errors import InvalidRequest
from skyclust.store import audit, cost_accounts, cost_deliveries, cost_heads, outbox, workspaces
from skyclust.store.cost_deliveries import RETRACTED, DeliveryRecord
from skyclust.store.cost_heads import CostHead
from skyclust.store.cost_slices import Slice
from skyclust.store.engine import Store
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Retraction:
    """A delivery that was retracted: the days that got their earlier rows back, or have none."""

    delivery: DeliveryRecord
    days_restored: tuple[date, ...]
    days_emptied: tuple[date, ...]


def retract_delivery(
    store: Store,
    workspace_id: str,
    delivery_id: str,
    *,
    requested_by: str,
    root: LedgerRoot | None = None,
) -> Retraction:
    """Undo what a delivery did, and return what that changed.

    A day that it decided gets the rows of the delivery that was produced last before it; a day
    that a newer one decided stays. Its content is not applied again by a later collection, unless
    that is requested. Raises NotFound for an unknown delivery; InvalidRequest for one that is
    retracted, and when the rows to restore have been collected.
    """
    where = root or open_root()
    record = find_delivery(store, workspace_id, delivery_id)

    def attempt() -> Retraction:
        state = read_state(store, workspace_id, record.key, history=True)
        target = _target(state, record.delivery_id)
        at = next_moment([state])
        remaining = [
            replace(each, state=RETRACTED) if each is target else each for each in state.records
        ]
        change = _change(state, target, remaining, where)
        with staging_folder() as folder:
            change = with_rollups(change, where, folder)
        after = _head(state, remaining)
        store.write(
            lambda connection: _commit(
                connection, workspace_id, change, target, after, requested_by, at
            )
        )
        restored = tuple(each.charge_day for each in change.added)
        emptied = tuple(
            each.charge_day for each in change.superseded if each.charge_day not in restored
        )
        return Retraction(
            replace(target, state=RETRACTED, retracted_at=at, retracted_by=requested_by),
            restored,
            emptied,
        )

    return repeated(attempt, f"The retraction of delivery {record.delivery_id}")


def _target(state: PeriodState, delivery_id: str) -> DeliveryRecord:
    [target] = [each for each in state.records if each.delivery_id == delivery_id]
    if target.state == RETRACTED:
        raise InvalidRequest(f"The delivery {delivery_id} is retracted already.")
    return target


def _change(
    state: PeriodState,
    target: DeliveryRecord,
    remaining: Sequence[DeliveryRecord],
    root: LedgerRoot,
) -> SliceChange:
    current = {each.charge_day: each for each in state.current}
    days = sorted(
        {each.charge_day for each in state.history if claims_day(target, each.charge_day)}
    )
    gone: list[Slice] = []
    restored: list[Slice] = []
    for day in days:
        before, after = current.get(day), deciding_slice(remaining, state.history, day)
        if before and after and before.content_hash == after.content_hash:
            continue
        if before:
            gone.append(before)
        if after:
            restored.append(_restored(after))
    names = [each.file for each in restored if each.file is not None]
    collected = [each for each in restored if each.file is None]
    if collected or root.missing(names):
        raise InvalidRequest(
            f"The delivery {target.delivery_id} cannot be retracted: the rows that it replaced"
            " have been removed from the ledger.",
            hint="Import the bill of the period again instead.",
        )
    return SliceChange(state, superseded=gone, added=restored)


def _restored(before: Slice) -> Slice:
    return replace(
        before, slice_id=str(uuid4()), written_at=now(), superseded_at=None, superseded_by=None
    )


def _head(state: PeriodState, remaining: Sequence[DeliveryRecord]) -> CostHead:
    """Return the head that is left; without a fingerprint, so that the next delivery is read."""
    left = [each for each in remaining if each.state != RETRACTED]
    newest = max(left, key=lambda one: (one.produced_at, one.applied_at), default=None)
    before = state.head
    return CostHead(
        key=state.key,
        generation=state.generation + 1,
        provider=state.records[-1].provider,
        delivery_id=newest.delivery_id if newest else None,
        produced_at=newest.produced_at if newest else None,
        fingerprint=None,
        provisional=newest.provisional if newest else True,
        shadow=before.shadow if before else False,
    )


def _commit(  # noqa: PLR0917  # all of it is one retraction
    connection: Connection,
    workspace_id: str,
    change: SliceChange,
    target: DeliveryRecord,
    head: CostHead,
    requested_by: str,
    at: datetime,
) -> None:
    workspaces.hold(connection, workspace_id)
    cost_accounts.lock_costs(connection, workspace_id)
    require_unchanged(connection, workspace_id, change)
    write_change(connection, workspace_id, change, at=at, by=f"retraction of {target.delivery_id}")
    cost_deliveries.mark_retracted(
        connection, workspace_id, target.delivery_id, at=at, by=requested_by
    )
    cost_heads.write(connection, workspace_id, head)
    release_if_unused(connection, workspace_id, head.key)
    outbox.add(connection, workspace_id, [events.retracted(workspace_id, target, at)])
    audit.append(
        connection,
        workspace_id,
        actor=requested_by,
        action="cost.retract",
        object=f"cost-delivery:{target.delivery_id}",
        detail={
            "source": target.source,
            "billing_account": target.billing_account_id,
            "period": target.period_start.isoformat(),
            "slices_restored": len(change.added),
            "slices_removed": len(change.superseded),
        },
    )
