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


def claims_period(record: DeliveryRecord | CostDelivery) -> bool:
    """Return whether a delivery claims to be complete for its whole billing period.

    Such a claim covers every charge day that the period has rows of, also days outside of it: GCP
    invoices usage of 31 July in August, and AWS dates a refund in the month that it corrects.
    """
    if isinstance(record, CostDelivery):
        start, end = record.period.start, record.period.end
    else:
        start, end = record.period_start, record.period_end
    return record.complete_from <= start and end <= record.complete_to


def claims_day(record: DeliveryRecord | CostDelivery, day: date) -> bool:
    """Return whether a delivery claims to be complete for a day of its billing period's rows."""
    return claims_period(record) or record.complete_from <= day < record.complete_to


def is_decided_by_newer(
    records: Sequence[DeliveryRecord], produced_at: datetime, day: date
) -> bool:
    """Return whether a delivery that was produced later claims the day, and is not retracted."""
    return any(
        record.produced_at > produced_at and record.state != RETRACTED and claims_day(record, day)
        for record in records
    )


def is_superseded(records: Sequence[DeliveryRecord], delivery: CostDelivery) -> bool:
    """Return whether newer deliveries decide about every day that a delivery claims.

    What days outside of the period a claim of the whole one covers is not known before it is read:
    only another claim of the whole period decides about all of them.
    """
    if claims_period(delivery):
        return any(
            record.produced_at > delivery.produced_at
            and record.state != RETRACTED
            and claims_period(record)
            for record in records
        )
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
    produced in between decides about a day of its claim. It is not so for one that left days to a
    newer delivery which was retracted since: it may decide about them now.
    """
    if record.state == RETRACTED or record.provisional != delivery.provisional:
        return False
    if any(_left_days_to(record, other) for other in records if other.state == RETRACTED):
        return False
    return delivery.produced_at <= record.produced_at or not any(
        other.state != RETRACTED
        and other.delivery_id != record.delivery_id
        and (other.produced_at, other.applied_at) > (record.produced_at, record.applied_at)
        and _overlap(other, record)
        for other in records
    )


def _left_days_to(record: DeliveryRecord, newer: DeliveryRecord) -> bool:
    """Return whether a newer delivery may have held days of the claim when this one was applied."""
    return (
        newer.produced_at > record.produced_at
        and newer.applied_at < record.applied_at
        and (newer.retracted_at is None or newer.retracted_at > record.applied_at)
        and _overlap(newer, record)
    )


def _overlap(first: DeliveryRecord, second: DeliveryRecord) -> bool:
    if claims_period(first) or claims_period(second):
        return True
    return first.complete_from < second.complete_to and second.complete_from < first.complete_to


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
    return any(_left_days_to(record, other) and claims_day(other, day) for other in records)
