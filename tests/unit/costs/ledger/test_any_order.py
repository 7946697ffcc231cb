"""Any deliveries in any order, repeated, restated and retracted: the end is one clean ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyclust.contract.cost import CostDelivery
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.retracting import retract_delivery
from skyclust.errors import Unavailable
from tests.unit.costs.bills import JANUARY, PRODUCED, bill, days_of, delivery, parts
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:4]
EARLIER = date(2025, 12, 30)
"""A day outside of the period, which claims of the whole period cover."""

_accounts = count()


@dataclass(frozen=True)
class Produced:
    """What a source produced: the days that it claims (None: the whole period), and its rows."""

    claim: tuple[int, int] | None
    seeds: tuple[int | None, ...]
    """The content of each day of DAYS, and of EARLIER at last; None: no rows."""

    @property
    def days(self) -> list[date]:
        return [*DAYS, EARLIER] if self.claim is None else DAYS[self.claim[0] : self.claim[1]]

    def content(self) -> dict[date, int]:
        named = dict(zip([*DAYS, EARLIER], self.seeds, strict=True))
        return {day: seed for day in self.days if (seed := named[day]) is not None}

    def rows(self, account: str) -> list[pa.Table]:
        return [
            bill([day], rows=3, seed=seed, account=account) for day, seed in self.content().items()
        ]

    def delivery(self, number: int, account: str) -> CostDelivery:
        claim = {}
        if self.claim is not None:
            claim = {
                "complete_from": DAYS[self.claim[0]],
                "complete_to": DAYS[self.claim[1] - 1] + timedelta(days=1),
            }
        return delivery(
            billing_account_id=account,
            produced_at=PRODUCED + timedelta(hours=number),
            fingerprint=f"{number}",
            **claim,
        )


_claims = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 3), st.integers(1, 4)).filter(lambda claim: claim[0] < claim[1]),
)
_contents = st.tuples(*[st.one_of(st.none(), st.integers(1, 3)) for _ in range(5)])
_produced = st.lists(st.builds(Produced, _claims, _contents), min_size=1, max_size=4)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(produced=_produced, data=st.data())
def test_any_order_ends_in_what_one_clean_collection_makes(
    sqlite_ledger: Ledger, produced: list[Produced], data: st.DataObject
) -> None:
    ledger, account = sqlite_ledger, f"account-{next(_accounts)}"
    numbers = list(range(len(produced)))
    order = data.draw(st.permutations([*numbers, *data.draw(st.lists(st.sampled_from(numbers)))]))
    ids: dict[int, str] = {}
    for number in order:
        tables = data.draw(st.permutations(produced[number].rows(account)))
        given_now = produced[number].delivery(number, account)
        result = ledger.apply(tables, given_now, allow_mass_withdrawal=True)
        if result.delivery_id is not None:
            ids.setdefault(number, result.delivery_id)
    assert _content(ledger, account) == _clean(ledger, produced, numbers)
    gone = data.draw(st.sampled_from(sorted(ids)))
    retract_delivery(ledger.store, "default", ids[gone], requested_by="user:1", root=ledger.root)
    left = [number for number in numbers if number != gone]
    # A delivery that came late has no record: where it would decide now, collection reads it again.
    for number in left:
        given_now = produced[number].delivery(number, account)
        ledger.apply(produced[number].rows(account), given_now, allow_mass_withdrawal=True)
    assert _content(ledger, account) == _clean(ledger, produced, left)


def _clean(
    ledger: Ledger, produced: Sequence[Produced], numbers: Sequence[int]
) -> dict[date, tuple[int, Any]]:
    """Return what a new account has of one delivery of each day's last content."""
    seeds: dict[date, int] = {}
    for number in numbers:
        for day in produced[number].days:
            seeds.pop(day, None)
        seeds |= produced[number].content()
    account = f"clean-{next(_accounts)}"
    rows = [bill([day], rows=3, seed=seed, account=account) for day, seed in seeds.items()]
    ledger.apply(rows, delivery(billing_account_id=account))
    return _content(ledger, account)


def _content(ledger: Ledger, account: str) -> dict[date, tuple[int, Any]]:
    """Return the rows and sums of each day: the hash would have the name of the account."""
    return {key[3]: rows for key, rows in ledger.rows_by_day().items() if key[1] == account}


def test_a_delivery_that_left_days_to_a_retracted_one_is_read_again(sqlite_ledger: Ledger) -> None:
    """It has a record, and its content is known: but not of the days that it decides about now."""
    ledger = sqlite_ledger
    older = Produced((0, 4), (None, None, 1, 1, None))
    newer = Produced((2, 4), (None, None, 2, 2, None))
    last = ledger.apply(newer.rows("a"), newer.delivery(2, "a"))
    assert last.delivery_id is not None
    ledger.apply(older.rows("a"), older.delivery(1, "a"))
    retract_delivery(
        ledger.store, "default", last.delivery_id, requested_by="user:1", root=ledger.root
    )
    assert not _content(ledger, "a")
    again = ledger.apply(older.rows("a"), older.delivery(1, "a"))
    assert again.days_written == (DAYS[2], DAYS[3])
    assert _content(ledger, "a") == _clean(ledger, [older], [0])
    once_more = ledger.apply(older.rows("a"), older.delivery(1, "a"))
    assert once_more.state is DeliveryState.UNCHANGED


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_part_that_is_missing_refuses_the_whole(sqlite_ledger: Ledger, missing: int) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(DAYS, seed=1))
    before, files = ledger.contents(), ledger.files()
    pieces = list(parts(bill(DAYS, seed=2), 16))
    assert len(pieces) == 3

    def read() -> Iterator[pa.Table]:
        for number, piece in enumerate(pieces):
            if number == missing:
                raise Unavailable(f"The part {number} is gone.")
            yield piece

    later = delivery(produced_at=PRODUCED + timedelta(hours=1))
    with pytest.raises(Unavailable):
        ledger.apply(read(), later)
    assert (ledger.contents(), ledger.files()) == (before, files)
    assert len(ledger.apply(pieces[::-1], later).days_written) == 4
