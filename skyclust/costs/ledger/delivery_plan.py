"""What a delivery changes: its slices against those of the catalogue, files written, rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol
from urllib.parse import quote
from uuid import uuid4

from skyclust.contract.cost import CostDelivery
from skyclust.costs.ledger.brake import check_brake, is_closed
from skyclust.costs.ledger.claims import claims_day, is_decided_by_newer
from skyclust.costs.ledger.duckdb_sessions import session
from skyclust.costs.ledger.slice_changes import PeriodState, SliceChange, with_rollups
from skyclust.costs.ledger.slice_content import SliceContent, Sums, add_sums, describe_slices
from skyclust.costs.ledger.slice_files import lost_or_short
from skyclust.costs.ledger.staging import StagedSlice
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.ledger.sum_limits import require_sums
from skyclust.errors import InvalidRequest
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_slices import Slice
from skyclust.store.types import now


class BrakeOptions(Protocol):
    """How far a delivery may go."""

    @property
    def brake_share(self) -> float: ...  # noqa: D102  # see DeliveryOptions
    @property
    def allow_mass_withdrawal(self) -> bool: ...  # noqa: D102  # see DeliveryOptions


@dataclass
class DeliveryContent:
    """A delivery with its staged slices by day, what each contains, and the files written so far.

    `names` are the names of the files, and `files` those that were written: they are kept over
    several preparations, so that what was written once is not written again.
    """

    delivery: CostDelivery
    slices: Mapping[date, StagedSlice]
    contents: Mapping[date, SliceContent]
    files: dict[date, str] = field(default_factory=dict)
    names: dict[date, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Return the number of rows of the delivery."""
        return sum(each.rows for each in self.contents.values())

    @property
    def sums(self) -> Sums:
        """Return the sums of the delivery."""
        sums: Sums = {}
        for each in self.contents.values():
            sums = add_sums(sums, each.sums)
        return sums


@dataclass(frozen=True)
class DeliveryPlan:
    """A prepared delivery: its change of the slices, and the days that it writes and withdraws."""

    delivery_id: str
    content: DeliveryContent
    change: SliceChange
    written: tuple[date, ...]
    unchanged: tuple[date, ...]
    withdrawn: tuple[date, ...]


def require_claimed(delivery: CostDelivery, slices: Sequence[StagedSlice]) -> None:
    """Raise InvalidRequest for rows of another account or period, or of days outside the claim."""
    what = f"The delivery of {delivery.billing_account_id}, {delivery.period},"
    for each in slices:
        key = each.key
        if key.billing_account_id != delivery.billing_account_id:
            raise InvalidRequest(
                f"{what} has {each.rows} rows of billing account {key.billing_account_id!r}.",
                hint="A delivery has the rows of one billing account.",
            )
        if key.period_start != delivery.period.start:
            raise InvalidRequest(
                f"{what} has {each.rows} rows of the billing period that begins on"
                f" {key.period_start}.",
                hint="A delivery has the rows of one billing period.",
            )
        if not claims_day(delivery, key.charge_day):
            raise InvalidRequest(
                f"{what} has {each.rows} rows of {key.charge_day}, and claims only"
                f" {delivery.complete_from} to {delivery.complete_to} (exclusive).",
                hint="Rows of days that are not claimed could never be withdrawn.",
            )


def describe_content(
    delivery: CostDelivery, slices: Sequence[StagedSlice], folder: Path
) -> DeliveryContent:
    """Return what the staged slices of a delivery contain.

    Raises InvalidRequest when they add up to more than the ledger holds.
    """
    by_day = {each.key.charge_day: each for each in slices}
    with session(folder) as connection:
        contents = describe_slices(connection, by_day)
    content = DeliveryContent(delivery, by_day, contents)
    require_sums(content.sums, f"The delivery of {delivery.billing_account_id}, {delivery.period}")
    return content


def plan_delivery(
    state: PeriodState,
    workspace_id: str,
    content: DeliveryContent,
    options: BrakeOptions,
    *,
    root: LedgerRoot,
    folder: Path,
) -> DeliveryPlan:
    """Compare a delivery with its period's state, and write the files of the slices that differ.

    Raises BrakeEngaged before anything is written.
    """
    delivery = content.delivery
    key = state.key
    current = {each.charge_day: each for each in state.current}
    days = sorted(
        day
        for day in {*content.slices, *current}
        if claims_day(delivery, day)
        and not is_decided_by_newer(state.records, delivery.produced_at, day)
    )
    withdrawn = tuple(day for day in days if day not in content.slices)
    # Written anew also where their content is known.
    lost = {each.charge_day for each, _ in lost_or_short(root, state.current)}
    unchanged = tuple(
        day
        for day in days
        if day in content.slices
        and day in current
        and day not in lost
        and current[day].content_hash == content.contents[day].content_hash
    )
    written = tuple(day for day in days if day not in withdrawn and day not in unchanged)
    delivery_id = str(uuid4())
    added = [_new_slice(workspace_id, key, content, day, delivery_id) for day in written]
    change = SliceChange(
        state,
        superseded=[current[day] for day in (*written, *withdrawn) if day in current],
        added=added,
        staged={content.names[day]: content.slices[day].path for day in written},
    )
    if not options.allow_mass_withdrawal:
        closed = is_closed(
            delivery.period.end,
            provisional=state.head.provisional if state.head else True,
            at=now(),
        )
        check_brake(
            state.current,
            change.after,
            what=f"The delivery of {key.billing_account_id}, {delivery.period}, by {key.source}",
            closed=closed,
            empty=content.rows == 0,
            share=options.brake_share,
        )
    for each in change.added:
        _write_file(root, content, each)
    change = with_rollups(change, root, folder)
    return DeliveryPlan(delivery_id, content, change, written, unchanged, withdrawn)


def _new_slice(
    workspace_id: str, key: PeriodKey, content: DeliveryContent, day: date, delivery_id: str
) -> Slice:
    described, staged = content.contents[day], content.slices[day]
    if day not in content.names:
        # The content is in the name for those who look, the rest keeps writers apart: a file that
        # collection has just found to be without a pointer never gets one.
        folder = f"{quote(workspace_id, safe='')}/{key.period_start}/{day}"
        content.names[day] = f"{folder}/{described.content_hash[:16]}-{uuid4().hex}.parquet"
    return Slice(
        slice_id=str(uuid4()),
        **key._asdict(),
        charge_day=day,
        delivery_id=delivery_id,
        file=content.names[day],
        content_hash=described.content_hash,
        rows=described.rows,
        bytes=staged.path.stat().st_size,
        sums=described.sums,
        written_at=now(),
    )


def _write_file(root: LedgerRoot, content: DeliveryContent, added: Slice) -> None:
    name = content.names[added.charge_day]
    if added.charge_day not in content.files:
        root.put(content.slices[added.charge_day].path, name)
        content.files[added.charge_day] = name
