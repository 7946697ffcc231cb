"""Deliveries in any order, again and again: the ledger is what one clean collection makes."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import InvalidRequest
from skyclust.store import audit, outbox
from tests.unit.costs.bills import ACCOUNT, JANUARY, PRODUCED, bill, days_of, delivery, parts
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:10]
LATER = PRODUCED + timedelta(hours=1)


def test_the_rows_of_a_delivery_are_in_the_ledger_once(ledger: Ledger) -> None:
    rows = bill()
    first = ledger.apply(rows)
    assert first.state is DeliveryState.APPLIED
    assert (first.rows, len(first.days_written), first.shadow) == (rows.num_rows, 10, False)
    assert ledger.total() == pc.sum(rows["EffectiveCost"]).as_py()
    with ledger.store.reading() as connection:
        [event] = outbox.waiting(connection, "default")
        [line] = audit.list_all(connection, "default")
    assert event.event.name == "skyclust.cost.delivered"
    assert (line.action, line.detail["rows"]) == ("cost.deliver", rows.num_rows)


def test_the_same_delivery_three_times_is_one(ledger: Ledger) -> None:
    rows = bill()
    ledger.apply(rows)
    before, files = ledger.contents(), ledger.files()
    for number in (1, 2):
        again = ledger.apply(
            rows.take(pa.array(reversed(range(rows.num_rows)))),
            delivery(produced_at=PRODUCED + timedelta(hours=number)),
        )
        assert (again.days_written, again.days_withdrawn) == ((), ())
    assert ledger.contents() == before
    assert ledger.files() == files


def test_a_known_fingerprint_is_not_read(ledger: Ledger) -> None:
    ledger.apply(bill(), delivery(fingerprint="etag"))

    def unread() -> Iterator[pa.Table]:
        pytest.fail("the parts were read")
        yield

    for produced_at in (PRODUCED, LATER):
        again = ledger.apply(unread(), delivery(fingerprint="etag", produced_at=produced_at))
        assert again.state is DeliveryState.UNCHANGED


def test_a_fingerprint_that_came_back_is_read_when_another_was_applied_since(
    sqlite_ledger: Ledger,
) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(seed=1), delivery(fingerprint="a"))
    first = ledger.contents()
    ledger.apply(bill(seed=2), delivery(fingerprint="b", produced_at=LATER))
    assert ledger.contents() != first
    back = delivery(fingerprint="a", produced_at=LATER + timedelta(hours=1))
    assert ledger.apply(bill(seed=1), back).state is DeliveryState.APPLIED
    assert ledger.contents() == first


def test_content_confirmed_later_holds_against_what_was_produced_in_between(
    sqlite_ledger: Ledger,
) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(seed=1), delivery(fingerprint="a"))
    first = ledger.contents()
    ledger.apply([], delivery(fingerprint="a", produced_at=PRODUCED + timedelta(hours=3)))
    late = ledger.apply(bill(seed=2), delivery(fingerprint="b", produced_at=LATER))
    assert late.state is DeliveryState.SUPERSEDED
    assert ledger.contents() == first


def test_parts_in_any_order_and_size_are_one_content(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    rows = bill()
    sqlite_ledger.apply(rows)
    reference = sqlite_ledger.contents()
    for number, size in enumerate((1, 17, 100)):
        pieces = list(parts(rows, size))
        again = sqlite_ledger.apply(
            reversed(pieces), delivery(produced_at=LATER + timedelta(hours=number))
        )
        assert again.days_written == ()
    assert sqlite_ledger.contents() == reference


def test_one_changed_day_rewrites_that_day_alone(ledger: Ledger) -> None:
    rows = bill()
    ledger.apply(rows)
    files = set(ledger.files())
    day = DAYS[3]
    changed = pa.concat_tables(
        [
            rows.filter(pc.not_equal(rows["ChargePeriodStart"].cast(pa.date32(), safe=False), day)),
            bill([day], seed=9),
        ]
    )
    result = ledger.apply(changed, delivery(produced_at=LATER))
    assert result.days_written == (day,)
    assert len(result.days_unchanged) == 9
    assert len(set(ledger.files()) - files) == 1
    assert ledger.total() == pc.sum(changed["EffectiveCost"]).as_py()


def test_rows_and_days_that_are_no_longer_delivered_are_withdrawn(ledger: Ledger) -> None:
    ledger.apply(bill())
    less = bill(DAYS[:-1]).slice(1)
    result = ledger.apply(less, delivery(produced_at=LATER))
    assert result.days_withdrawn == (DAYS[-1],)
    assert result.days_written == (DAYS[0],)
    assert ledger.total() == pc.sum(less["EffectiveCost"]).as_py()


def test_days_outside_of_the_claim_are_untouched(ledger: Ledger) -> None:
    ledger.apply(bill(DAYS[:5]))
    daily = delivery(complete_from=DAYS[5], complete_to=DAYS[6], produced_at=LATER)
    ledger.apply(bill([DAYS[5]]), daily)
    whole = Decimal(pc.sum(bill(DAYS[:6])["EffectiveCost"]).as_py())
    assert ledger.total() == whole
    with pytest.raises(InvalidRequest, match="claims only 2026-01-06"):
        ledger.apply(bill([DAYS[3]]), daily)


def test_overlapping_deliveries_in_every_order_end_as_one_ledger(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    """A month, a restated week and two restated days, each produced later than the last."""
    whole = (bill(seed=1), delivery())
    week = (
        bill(DAYS[3:8], seed=2),
        delivery(complete_from=DAYS[3], complete_to=DAYS[8], produced_at=LATER),
    )
    day = (
        bill([DAYS[5]], seed=3),
        delivery(
            complete_from=DAYS[5], complete_to=DAYS[7], produced_at=LATER + timedelta(hours=1)
        ),
    )
    ends = []
    for number, order in enumerate(itertools.permutations([whole, week, day])):
        account = f"account-{number}"
        for _, given in order:
            rows = next(table for table, one in (whole, week, day) if one is given)
            sqlite_ledger.apply(
                _of(rows, account), delivery(**(vars(given) | {"billing_account_id": account}))
            )
        ends.append(
            {key[3]: rows for key, rows in sqlite_ledger.rows_by_day().items() if key[1] == account}
        )
    assert len(ends) == 6
    assert all(end == ends[0] for end in ends)
    assert DAYS[6] not in ends[0], "the newest delivery claims the day and has no rows of it"
    assert len(ends[0]) == 9


def _of(rows: pa.Table, account: str) -> pa.Table:
    place = rows.schema.get_field_index("BillingAccountId")
    return rows.set_column(
        place, rows.schema.field(place), pa.array([account] * rows.num_rows, pa.string())
    )


def test_an_older_delivery_never_replaces_a_newer_one(ledger: Ledger) -> None:
    ledger.apply(bill(seed=2), delivery(produced_at=LATER))
    before = ledger.contents()
    old = ledger.apply(bill(seed=1), delivery())
    assert old.state is DeliveryState.SUPERSEDED
    assert ledger.contents() == before


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (bill(account="another"), "of billing account 'another'"),
        (
            bill(period=type(JANUARY)(date(2025, 12, 1), date(2026, 1, 1)), days=DAYS),
            "billing period that begins on 2025-12-01",
        ),
        (
            bill().rename_columns(
                ["Unknown" if name == "SkuId" else name for name in bill().column_names]
            ),
            "no column 'Unknown'",
        ),
        (
            bill().set_column(
                bill().schema.get_field_index("BilledCost"),
                "BilledCost",
                pa.nulls(bill().num_rows, pa.decimal128(38, 12)),
            ),
            "have no BilledCost",
        ),
    ],
)
def test_rows_that_do_not_belong_are_refused_as_a_whole(
    sqlite_ledger: Ledger, rows: pa.Table, reason: str
) -> None:
    good = bill()
    with pytest.raises(InvalidRequest, match=reason):
        sqlite_ledger.apply([good, rows])
    assert sqlite_ledger.contents() == {}
    assert sqlite_ledger.files() == []


def test_columns_of_the_source_may_differ_by_part(sqlite_ledger: Ledger) -> None:
    first = bill(DAYS[:2], extra={"x_Discounts": "ten"})
    second = bill(DAYS[1:3], seed=4, extra={"x_Operation": "Run'Instances"})
    sqlite_ledger.apply([first, second])
    before = sqlite_ledger.contents()
    sqlite_ledger.apply([second, first], delivery(produced_at=LATER))
    assert sqlite_ledger.contents() == before
    without = [bill(DAYS[:2]), second]
    result = sqlite_ledger.apply(without, delivery(produced_at=LATER + timedelta(hours=1)))
    assert result.days_written == (DAYS[0], DAYS[1]), "their values count as content"


def test_an_account_without_charges_has_days_without_rows(ledger: Ledger) -> None:
    result = ledger.apply([])
    assert (result.state, result.rows) == (DeliveryState.APPLIED, 0)
    assert ledger.contents() == {}


def test_a_backup_of_the_store_from_between_file_and_pointer_is_whole(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    """Files come first and never change: what an older catalogue points to is there."""
    sqlite_ledger.apply(bill(seed=1))
    before = sqlite_ledger.contents()
    source = sqlite3.connect(sqlite_ledger.store.url.split(":///", 1)[1])
    copy = sqlite3.connect(tmp_path / "copy.db")
    source.backup(copy)
    sqlite_ledger.apply(bill(seed=2), delivery(produced_at=LATER))
    assert sqlite_ledger.contents() != before
    copy.backup(source)
    source.close()
    copy.close()
    assert sqlite_ledger.contents() == before
    names = sqlite_ledger.current_names()
    assert len(names) == 10
    assert open_root(str(tmp_path / "costs")).missing(names) == []
    again = sqlite_ledger.apply(bill(seed=2), delivery(produced_at=LATER))
    assert len(again.days_written) == 10
    assert {key[1] for key in sqlite_ledger.contents()} == {ACCOUNT}
