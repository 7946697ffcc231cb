"""The events of the cost ledger, written to the outbox in the transaction that makes them true.

skyclust.cost.delivered     a delivery was applied
skyclust.cost.retracted     a delivery was retracted
"""

from __future__ import annotations

from datetime import datetime

from skyclust.event_labels import bounded_label, event_id, related_run
from skyclust.model.event import Event
from skyclust.store.cost_deliveries import DeliveryRecord


def delivered(workspace_id: str, record: DeliveryRecord) -> Event:
    """Return the event of a delivery that was applied: its rows, and what it did to the days."""
    return _event("skyclust.cost.delivered", workspace_id, record, record.applied_at)


def retracted(workspace_id: str, record: DeliveryRecord, at: datetime) -> Event:
    """Return the event of a delivery that was retracted."""
    return _event("skyclust.cost.retracted", workspace_id, record, at)


def _event(name: str, workspace_id: str, record: DeliveryRecord, at: datetime) -> Event:
    account = f"{workspace_id}.{record.billing_account_id}"
    return Event(
        id=event_id(name, record.delivery_id),
        name=name,
        occurred_at=at,
        resource={
            "prefect.resource.id": bounded_label(f"skyclust.billing-account.{account}"),
            "prefect.resource.name": bounded_label(
                f"Costs of {record.billing_account_id} in {record.period_start:%Y-%m}"
            ),
            "skyclust.workspace": workspace_id,
            "skyclust.provider": record.provider,
            "skyclust.source": bounded_label(record.source),
        },
        related=related_run(record.run_id),
        payload={
            "delivery_id": record.delivery_id,
            "period": record.period_start.isoformat(),
            "complete_from": record.complete_from.isoformat(),
            "complete_to": record.complete_to.isoformat(),
            "rows": record.rows,
            "days_written": record.days_written,
            "days_unchanged": record.days_unchanged,
            "days_withdrawn": record.days_withdrawn,
        },
    )
