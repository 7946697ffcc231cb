"""Which delivery decides about a day: of those that claim it, the one that was produced last.

So deliveries may come in any order, and their claims may overlap: what each day contains in the
end depends only on when the source produced what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from skyclust.contract.cost import CostDelivery
from skyclust.store.cost_deliveries import RETRACTED, DeliveryRecord
from skyclust.store.cost_slices import Slice


def claims_day(record: DeliveryRecord | CostDelivery, day: date) -> bool:
    """Return whether a delivery claims to be complete for a day."""
    return record.complete_from <= day < record.complete_to


def is_decided_by_newer(
    records: Sequence[DeliveryRecord], produced_at: datetime, day: date
) -> bool:
    """Return whether a delivery that was produced later claims the day, and is not retracted."""
    return any(
        record.produced_at > produced_at and record.state != RETRACTED and claims_day(record, day)
        for record in records
    )


def is_superseded(records: Sequence[DeliveryRecord], delivery: CostDelivery) -> bool:
    """Return whether newer deliveries decide about every day that a delivery claims."""
    days = (delivery.complete_to - delivery.complete_from).days
    return all(
        is_decided_by_newer(
            records, delivery.produced_at, delivery.complete_from + timedelta(number)
        )
        for number in range(days)
    )


def same_content(
    records: Sequence[DeliveryRecord], delivery: CostDelivery
) -> DeliveryRecord | None:
    """Return the delivery with the same fingerprint and claim that was applied last, if any."""
    if delivery.fingerprint is None:
        return None
    same = [
        record
        for record in records
        if record.fingerprint == delivery.fingerprint
        and (record.complete_from, record.complete_to)
        == (delivery.complete_from, delivery.complete_to)
    ]
    return same[-1] if same else None


def still_holds(
    records: Sequence[DeliveryRecord], record: DeliveryRecord, delivery: CostDelivery
) -> bool:
    """Return whether applying a delivery, whose content an applied one had, changes nothing.

    That is so for the same delivery again, and for a later one unless another delivery that was
    produced in between decides about a day of its claim.
    """
    if record.state == RETRACTED or record.provisional != delivery.provisional:
        return False
    return delivery.produced_at <= record.produced_at or not any(
        other.state != RETRACTED
        and other.delivery_id != record.delivery_id
        and (other.produced_at, other.applied_at) > (record.produced_at, record.applied_at)
        and other.complete_from < record.complete_to
        and record.complete_from < other.complete_to
        for other in records
    )


def deciding_slice(
    records: Sequence[DeliveryRecord], history: Iterable[Slice], day: date
) -> Slice | None:
    """Return the slice that a day has by the deliveries that are not retracted.

    None where the deciding one has no rows for the day, or no delivery claims it. The content
    that a delivery gave a day is the slice that was current when it had been applied.
    """
    deciding = _deciding(records, day)
    if deciding is None:
        return None
    for each in history:
        if (
            each.charge_day == day
            and each.written_at <= deciding.applied_at
            and (each.superseded_at is None or each.superseded_at > deciding.applied_at)
        ):
            return each
    return None


def _deciding(records: Sequence[DeliveryRecord], day: date) -> DeliveryRecord | None:
    candidates = [
        record
        for record in records
        if record.state != RETRACTED
        and claims_day(record, day)
        and not _was_decided_when_applied(records, record, day)
    ]
    return max(candidates, key=lambda one: (one.produced_at, one.applied_at), default=None)


def _was_decided_when_applied(
    records: Sequence[DeliveryRecord], record: DeliveryRecord, day: date
) -> bool:
    """Return whether a newer delivery held the day when this one was applied: it left the day."""
    return any(
        other.produced_at > record.produced_at
        and other.applied_at < record.applied_at
        and claims_day(other, day)
        and (other.retracted_at is None or other.retracted_at > record.applied_at)
        for other in records
    )
