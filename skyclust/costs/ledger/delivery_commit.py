"""The transaction of a delivery: the record, the pointers, the head, the event, the audit line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from skyclust.contract.cost import CostDelivery, CostFile
from skyclust.contract.cost_files import StoredCostFile
from skyclust.costs.ledger import events
from skyclust.costs.ledger.delivery_plan import DeliveryPlan
from skyclust.costs.ledger.ownership import own_or_shadow
from skyclust.costs.ledger.slice_changes import (
    PeriodState,
    require_unchanged,
    write_change,
)
from skyclust.costs.ledger.stated_totals import source_totals
from skyclust.model.event import Event
from skyclust.store import cost_accounts, cost_deliveries, cost_heads, cost_totals
from skyclust.store.cost_deliveries import APPLIED, DeliveryRecord
from skyclust.store.cost_heads import CostHead
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection


class Requester(Protocol):
    """Who applies a delivery, and what is noted with it."""

    @property
    def requested_by(self) -> str: ...  # noqa: D102  # see DeliveryOptions
    @property
    def run_id(self) -> str | None: ...  # noqa: D102  # see DeliveryOptions
    @property
    def remarks(self) -> Sequence[str]: ...  # noqa: D102  # see DeliveryOptions


@dataclass(frozen=True)
class Committed:
    """A delivery that was written, and what is written after it: its event and its audit line."""

    record: DeliveryRecord
    shadow_reason: str
    event: Event
    audit_line: dict[str, Any]


def commit_delivery(
    connection: Connection,
    workspace_id: str,
    plan: DeliveryPlan,
    options: Requester,
    *,
    at: datetime,
) -> Committed:
    """Write a prepared delivery. The caller has locked the costs, and writes event and audit line.

    Raises OutdatedPreparationError when the period changed since the delivery was prepared.
    """
    change, delivery = plan.change, plan.content.delivery
    require_unchanged(connection, workspace_id, change)
    write_change(connection, workspace_id, change, at=at, by=plan.delivery_id)
    shadow = own_or_shadow(connection, workspace_id, delivery, change.state.key)
    remarks = [*options.remarks, *([shadow] if shadow else [])]
    record = _record(plan, options, remarks, at)
    cost_deliveries.add(connection, workspace_id, record)
    cost_heads.write(
        connection, workspace_id, _head(change.state, record, shadow=shadow is not None)
    )
    if delivery.totals:
        key = change.state.key
        stated = source_totals(delivery.source, delivery.totals)
        cost_totals.replace(connection, workspace_id, key, stated.get(key, []))
    return Committed(
        record,
        shadow or "",
        events.delivered(workspace_id, record),
        {
            "actor": options.requested_by,
            "action": "cost.deliver",
            "object": f"cost-delivery:{record.delivery_id}",
            "detail": {
                "source": record.source,
                "billing_account": record.billing_account_id,
                "period": record.period_start.isoformat(),
                "rows": record.rows,
                "days_written": record.days_written,
                "days_withdrawn": record.days_withdrawn,
            },
        },
    )


def confirm_delivery(
    store: Store,
    workspace_id: str,
    state: PeriodState,
    record: DeliveryRecord,
    delivery: CostDelivery,
) -> None:
    """Write that a source produced the content of an applied delivery again, and later.

    So a delivery that was produced in between, and comes late, does not replace it. Nothing is
    written when the period changed meanwhile: the next delivery looks again.
    """

    def write(connection: Connection) -> None:
        cost_accounts.lock_costs(connection, workspace_id)
        head = cost_heads.find(connection, workspace_id, state.key)
        if head is None or head.generation != state.generation:
            return
        cost_deliveries.confirm(connection, workspace_id, record.delivery_id, delivery.produced_at)
        latest = head.produced_at is None or delivery.produced_at > head.produced_at
        changed: dict[str, Any] = {"generation": head.generation + 1}
        if latest:
            changed |= {
                "delivery_id": record.delivery_id,
                "produced_at": delivery.produced_at,
                "fingerprint": record.fingerprint,
            }
        cost_heads.write(connection, workspace_id, CostHead(**(vars(head) | changed)))

    store.write(write)


def _record(
    plan: DeliveryPlan, options: Requester, remarks: list[str], at: datetime
) -> DeliveryRecord:
    delivery = plan.content.delivery
    parts = [_part(file) for file in delivery.files]
    parts += [{"name": rows.name, "size": None, "digest": None} for rows in delivery.rows]
    return DeliveryRecord(
        delivery_id=plan.delivery_id,
        source=delivery.source,
        billing_account_id=delivery.billing_account_id,
        period_start=delivery.period.start,
        period_end=delivery.period.end,
        provider=delivery.provider,
        complete_from=delivery.complete_from,
        complete_to=delivery.complete_to,
        produced_at=delivery.produced_at,
        fingerprint=delivery.fingerprint,
        focus_version=delivery.focus_version,
        provisional=delivery.provisional,
        state=APPLIED,
        parts=parts,
        rows=plan.content.rows,
        sums=plan.content.sums,
        days_written=len(plan.written),
        days_unchanged=len(plan.unchanged),
        days_withdrawn=len(plan.withdrawn),
        applied_at=at,
        run_id=options.run_id,
        requested_by=options.requested_by,
        retracted_at=None,
        retracted_by=None,
        remarks=remarks,
    )


def _part(file: CostFile) -> dict[str, Any]:
    facts = file.facts if isinstance(file, StoredCostFile) else {}
    return {**facts, "name": file.name, "size": file.size, "digest": file.digest}


def _head(state: PeriodState, record: DeliveryRecord, *, shadow: bool) -> CostHead:
    """Return the head after a delivery: an older one that came late leaves it as it is."""
    before = state.head
    late = (
        before is not None
        and before.produced_at is not None
        and before.produced_at > record.produced_at
    )
    of = before if late and before is not None else record
    return CostHead(
        key=state.key,
        generation=state.generation + 1,
        provider=record.provider,
        delivery_id=of.delivery_id,
        produced_at=of.produced_at,
        fingerprint=of.fingerprint,
        provisional=of.provisional,
        shadow=shadow,
    )
