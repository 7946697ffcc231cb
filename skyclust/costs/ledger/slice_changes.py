"""A change of the slices of a period: prepared outside of the transaction that makes it true.

Files are read and written while it is prepared. The transaction only moves pointers, and it
verifies that nothing changed since: `generation` of the period's head, and the allocation tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from skyclust.costs.ledger.duckdb_sessions import session, slices_relation
from skyclust.costs.ledger.rollup_rows import day_rollup, month_rollup
from skyclust.costs.ledger.slice_files import damage_named
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.ledger.sum_limits import require_rollup
from skyclust.errors import Conflict
from skyclust.store import (
    cost_deliveries,
    cost_heads,
    cost_rollups,
    cost_settings,
    cost_slices,
)
from skyclust.store.cost_deliveries import DeliveryRecord
from skyclust.store.cost_heads import CostHead, PeriodKey
from skyclust.store.cost_slices import Slice
from skyclust.store.engine import Store
from skyclust.store.types import now

if TYPE_CHECKING:
    from sqlalchemy import Connection

_Result = TypeVar("_Result")

TRIES: Final = 10
"""How often a change is prepared anew because other writers changed the period meanwhile."""


class OutdatedPreparationError(Exception):
    """Something changed since a change was prepared: it has to be prepared anew."""


@dataclass(frozen=True)
class PeriodState:
    """What the catalogue has of a period, read at one point in time."""

    key: PeriodKey
    head: CostHead | None
    records: Sequence[DeliveryRecord]
    current: Sequence[Slice]
    history: Sequence[Slice]
    allocation_tags: tuple[str, ...]

    @property
    def generation(self) -> int:
        """Return the number of changes so far."""
        return self.head.generation if self.head else 0


@dataclass(frozen=True)
class SliceChange:
    """Slices that are no longer current, those that become it, and the rollups of the result."""

    state: PeriodState
    superseded: Sequence[Slice] = ()
    added: Sequence[Slice] = ()
    day_rows: Sequence[Mapping[str, Any]] = ()
    month_rows: Sequence[Mapping[str, Any]] | None = None
    """None: the rollup of the months stays."""
    staged: Mapping[str, Path] = field(default_factory=dict)

    @property
    def after(self) -> list[Slice]:
        """Return the slices that are current after the change."""
        gone = {each.slice_id for each in self.superseded}
        return [each for each in self.state.current if each.slice_id not in gone] + [*self.added]


def read_state(
    store: Store, workspace_id: str, key: PeriodKey, *, history: bool = False
) -> PeriodState:
    """Return what the catalogue has of a period now; with `history` its superseded slices too."""
    with store.reading() as connection:
        slices = cost_slices.of_period(connection, workspace_id, key, history=history)
        return PeriodState(
            key=key,
            head=cost_heads.find(connection, workspace_id, key),
            records=cost_deliveries.of_period(connection, workspace_id, key),
            current=[each for each in slices if each.superseded_at is None],
            history=slices if history else (),
            allocation_tags=cost_settings.get(connection, workspace_id).allocation_tags,
        )


def with_rollups(
    change: SliceChange, root: LedgerRoot, folder: Path, *, always: bool = False
) -> SliceChange:
    """Return a change with the rollups that it leads to; `always`: also when no slice changes.

    `folder` is for temporary files. Raises NotFound, with the repair, for files that are lost;
    InvalidRequest when the sums are larger than the ledger holds.
    """
    if not (change.superseded or change.added or always):
        return change
    with damage_named(root, [each for each in change.after if each.file not in change.staged]):
        return _with_rollups(change, root, folder)


def _with_rollups(change: SliceChange, root: LedgerRoot, folder: Path) -> SliceChange:
    days: list[Mapping[str, Any]] = []
    with session(folder) as connection:
        if change.added:
            names = [_file(each) for each in change.added]
            relation = slices_relation(connection, root, names, "added", change.staged)
            ids = {each.charge_day: each.slice_id for each in change.added}
            place = change.state.key._asdict()
            days = [
                place | {"slice_id": ids[row["charge_day"]]} | row
                for row in day_rollup(connection, relation)
            ]
        names = [_file(each) for each in change.after]
        relation = slices_relation(connection, root, names, "period", change.staged)
        months = month_rollup(connection, relation, change.state.allocation_tags)
    key = change.state.key
    require_rollup(
        [*days, *months],
        f"The period {key.period_start:%Y-%m} of {key.billing_account_id} by {key.source}",
    )
    return replace(change, day_rows=days, month_rows=months)


def require_unchanged(connection: Connection, workspace_id: str, change: SliceChange) -> None:
    """Raise OutdatedPreparationError unless a change was prepared on what is applied now."""
    head = cost_heads.find(connection, workspace_id, change.state.key)
    tags = cost_settings.get(connection, workspace_id).allocation_tags
    if (head.generation if head else 0) != change.state.generation:
        raise OutdatedPreparationError
    if tags != change.state.allocation_tags:
        raise OutdatedPreparationError


def write_change(
    connection: Connection, workspace_id: str, change: SliceChange, *, at: datetime, by: str
) -> None:
    """Move the pointers to the slices, with their rollups. The caller has locked the costs."""
    gone = [each.slice_id for each in change.superseded]
    cost_slices.supersede(connection, workspace_id, gone, at=at, by=by)
    added = [replace(each, written_at=at) for each in change.added]
    cost_slices.add(connection, workspace_id, added)
    cost_rollups.add_days(connection, workspace_id, change.day_rows)
    if change.month_rows is not None:
        cost_rollups.replace_months(connection, workspace_id, change.state.key, change.month_rows)


def next_moment(states: Sequence[PeriodState]) -> datetime:
    """Return the time of a change: now, and after every earlier change of these periods.

    Clocks of two workers may differ, and the history of a slice is read by the order of times.
    """
    earlier = [
        time
        for state in states
        for record in state.records
        for time in (record.applied_at, record.retracted_at)
        if time is not None
    ]
    latest = max(earlier, default=None)
    moment = now()
    return moment if latest is None else max(moment, latest + timedelta(microseconds=1))


def repeated(attempt: Callable[[], _Result], what: str) -> _Result:
    """Call `attempt` until no other writer comes between its preparation and its transaction.

    Raises Conflict after TRIES.
    """
    for _ in range(TRIES):
        try:
            return attempt()
        except OutdatedPreparationError:
            continue
    raise Conflict(
        f"{what} was prepared {TRIES} times, and the ledger changed each time.",
        hint="Repeat it when fewer deliveries of the same account are applied.",
    )


def _file(each: Slice) -> str:
    if each.file is None:
        raise Conflict(f"The file of the slice of {each.charge_day} was removed.")
    return each.file
