"""Queries: every grain gives the sums that adding the rows by hand gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from skyclust.costs.ledger.cost_query import CostQuery, Grain, grain
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.rollup_rebuilding import rebuild_rollups
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.cost_settings import CostSettings
from skyclust.store import cost_settings, workspaces
from tests.unit.costs.bills import JANUARY, bill, changed, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

START, END = JANUARY.start, JANUARY.end

COLUMNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "service": lambda row: row["ServiceName"],
    "region": lambda row: row["RegionId"],
    "sub_account": lambda row: row["SubAccountId"],
    "resource": lambda row: row["ResourceId"],
    "resource_kind": lambda row: row["ResourceType"],
    "day": lambda row: row["ChargePeriodStart"].date(),
    "month": lambda row: row["ChargePeriodStart"].date().replace(day=1),
    "tag:team": lambda row: json.loads(row["Tags"]).get("team"),
    "provider": lambda row: "aws",
    "workspace": lambda row: "default",
    "billing_account": lambda row: row["BillingAccountId"],
}


def by_hand(rows: pa.Table, query: CostQuery) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
    sums: dict[tuple[Any, ...], tuple[Decimal, int]] = {}
    for row in rows.to_pylist():
        if not query.start <= row["ChargePeriodStart"].date() < query.end:
            continue
        if any(COLUMNS[name](row) not in values for name, values in query.where.items()):
            continue
        key = tuple(COLUMNS[name](row) for name in query.by)
        cost, number = sums.get(key, (Decimal(0), 0))
        sums[key] = (cost + row["EffectiveCost"], number + 1)
    return sums


def answered(ledger: Ledger, query: CostQuery) -> dict[tuple[Any, ...], tuple[Decimal, int]]:
    frame = query_costs(ledger.store, ["default"], query, root=ledger.root)
    return {
        tuple(row[name] for name in query.by): (row["effective_cost"], row["rows"])
        for row in frame.to_dict("records")
    }


QUERIES = [
    (Grain.MONTHS, CostQuery(START, END)),
    (Grain.MONTHS, CostQuery(START, END, by=["service", "region"])),
    (Grain.MONTHS, CostQuery(START, END, by=["month", "resource_kind", "provider"])),
    (Grain.MONTHS, CostQuery(START, END, by=["tag:team"], where={"service": ["Compute", None]})),
    (Grain.MONTHS, CostQuery(START, END, by=["service"], where={"tag:team": ["shop", None]})),
    (Grain.DAYS, CostQuery(START, END, by=["day", "sub_account"])),
    (Grain.DAYS, CostQuery(date(2026, 1, 3), date(2026, 1, 7), by=["month", "service"])),
    (Grain.DAYS, CostQuery(date(2026, 1, 3), END, where={"month": [START], "region": [None]})),
    (Grain.SLICES, CostQuery(START, END, by=["resource", "billing_account", "workspace"])),
    (Grain.SLICES, CostQuery(date(2026, 1, 3), date(2026, 1, 5), by=["tag:team", "month"])),
    (Grain.SLICES, CostQuery(START, END, by=["day", "tag:team"], where={"resource": ["r-1"]})),
    (Grain.SLICES, CostQuery(START, END, by=["resource"], where={"provider": ["azure"]})),
]


def test_every_grain_gives_the_sums_of_the_rows(ledger: Ledger) -> None:
    with ledger.store.writing() as connection:
        cost_settings.save(connection, "default", CostSettings(allocation_tags=("team",)))
    rows = bill()
    ledger.apply(rows)
    for expected, query in QUERIES:
        assert grain(query) is expected
        if "azure" in query.where.get("provider", ()):
            assert answered(ledger, query) == {}
            continue
        assert answered(ledger, query) == by_hand(rows, query), query


def test_a_tag_that_was_no_allocation_tag_when_rolled_up_is_read_from_the_slices(
    sqlite_ledger: Ledger,
) -> None:
    rows = bill()
    sqlite_ledger.apply(rows)
    with sqlite_ledger.store.writing() as connection:
        cost_settings.save(connection, "default", CostSettings(allocation_tags=("team",)))
    query = CostQuery(START, END, by=["tag:team"])
    assert answered(sqlite_ledger, query) == by_hand(rows, query)
    assert rebuild_rollups(sqlite_ledger.store, "default", root=sqlite_ledger.root) == 1
    for name in sqlite_ledger.files():
        sqlite_ledger.root.delete(name)
    assert answered(sqlite_ledger, query) == by_hand(rows, query), "no file is read any more"


@pytest.mark.parametrize(
    "key", ["a.b", 'q"x', "it's", "s/l", "t~", "", "*", "$", "[0]", "a') OR 1=1 --", "é\\n"]
)
def test_any_key_and_value_of_a_tag_can_be_queried(sqlite_ledger: Ledger, key: str) -> None:
    value = "v'\"; DROP TABLE"
    rows = bill([START], rows=3)
    tags = [json.dumps({key: value}), json.dumps({"other": value}), "{no JSON"]
    sqlite_ledger.apply(changed(rows, "Tags", tags))
    amounts = rows["EffectiveCost"].to_pylist()
    found = answered(sqlite_ledger, CostQuery(START, END, by=[f"tag:{key}"]))
    assert found == {(value,): (amounts[0], 1), (None,): (amounts[1] + amounts[2], 2)}
    filtered = CostQuery(START, END, where={f"tag:{key}": [value]})
    assert answered(sqlite_ledger, filtered) == {(): (amounts[0], 1)}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata"])
def test_days_of_a_time_zone_add_up_to_its_range(sqlite_ledger: Ledger, zone: str) -> None:
    rows = bill()
    sqlite_ledger.apply(rows)
    start, end = date(2026, 1, 3), date(2026, 1, 6)
    found = answered(sqlite_ledger, CostQuery(start, end, by=["day"], time_zone=zone))
    expected: dict[tuple[date], Decimal] = {}
    for row in rows.to_pylist():
        moment: datetime = row["ChargePeriodStart"]
        day = moment.astimezone(ZoneInfo(zone)).date()
        if start <= day < end:
            expected[day,] = expected.get((day,), Decimal(0)) + row["EffectiveCost"]
    assert {key: cost for key, (cost, _) in found.items()} == expected
    whole = answered(sqlite_ledger, CostQuery(start, end, time_zone=zone))
    assert whole[()][0] == sum(expected.values())


def test_a_commitment_adds_up_and_is_no_saving_twice(ledger: Ledger) -> None:
    """A purchase of 100 covers usage of 70 and is unused for 30; one row's list cost is unknown."""
    rows = bill([START], rows=4)
    columns: dict[str, list[Any]] = {
        "ChargeCategory": ["Purchase", "Usage", "Usage", "Usage"],
        "CommitmentDiscountId": ["sp-1", "sp-1", "sp-1", None],
        "CommitmentDiscountStatus": [None, "Used", "Unused", None],
        "BilledCost": [Decimal(100), Decimal(0), Decimal(0), Decimal(5)],
        "EffectiveCost": [Decimal(0), Decimal(70), Decimal(30), Decimal(5)],
        "ListCost": [Decimal(100), Decimal(120), Decimal(0), None],
        "ContractedCost": [Decimal(100), Decimal(120), Decimal(0), None],
    }
    for column, values in columns.items():
        rows = changed(rows, column, values)
    ledger.apply(rows)
    for query in (
        CostQuery(START, END),
        CostQuery(START, date(2026, 1, 2)),
        CostQuery(START, END, where={"commitment": ["sp-1", None]}),
    ):
        [row] = query_costs(ledger.store, ["default"], query, root=ledger.root).to_dict("records")
        assert row["billed_cost"] == row["effective_cost"] == Decimal(105)
        assert row["savings"] == Decimal(120 - 70 + 0 - 30)
        assert row["list_cost"] == Decimal(220)
    query = CostQuery(START, END, by=["commitment"])
    frame = query_costs(ledger.store, ["default"], query, root=ledger.root)
    [unknown] = frame[frame["commitment"].isna()].to_dict("records")
    assert (unknown["savings"], unknown["list_cost"], unknown["contracted_cost"]) == (None,) * 3


def test_currencies_are_never_added(ledger: Ledger) -> None:
    rows = bill([START], rows=2)
    ledger.apply(changed(rows, "BillingCurrency", ["EUR", "USD"]))
    frame = query_costs(ledger.store, ["default"], CostQuery(START, END), root=ledger.root)
    assert list(frame["currency"]) == ["EUR", "USD"]
    assert list(frame["effective_cost"]) == rows["EffectiveCost"].to_pylist()


def test_several_workspaces_are_kept_apart(sqlite_ledger: Ledger) -> None:
    store = sqlite_ledger.store
    with store.writing() as connection:
        workspaces.add(connection, "other")
    other = Ledger(store, sqlite_ledger.root, "other")
    sqlite_ledger.apply(bill(seed=1))
    other.apply(bill(seed=2))
    for by in (["workspace"], ["workspace", "resource_kind", "commitment"]):
        query = CostQuery(START, END, by=by)
        frame = query_costs(store, ["default", "other"], query, root=sqlite_ledger.root)
        assert list(frame["workspace"]) == ["default", "other"]
        alone = query_costs(store, ["other"], query, root=sqlite_ledger.root)
        assert list(alone["effective_cost"]) == list(frame["effective_cost"])[1:]
    with pytest.raises(NotFound):
        query_costs(store, ["default", "third"], CostQuery(START, END), root=sqlite_ledger.root)


@pytest.mark.parametrize(
    "query",
    [
        CostQuery(END, START),
        CostQuery(START, END, by=["ServiceName"]),
        CostQuery(START, END, where={"1=1; --": [None]}),
        CostQuery(START, END, time_zone="UTC'); --"),
        CostQuery(START, END, by=["day", "day"]),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(sqlite_ledger: Ledger, query: CostQuery) -> None:
    with pytest.raises(InvalidRequest):
        query_costs(sqlite_ledger.store, ["default"], query, root=sqlite_ledger.root)


def test_days_of_december_that_january_bills_are_days_of_december(sqlite_ledger: Ledger) -> None:
    """A charge day belongs to the range, whatever period bills it."""
    days = [date(2025, 12, 31), *days_of(JANUARY)[:2]]
    rows = bill(days)
    sqlite_ledger.apply(rows, delivery(complete_from=days[0]))
    for query in (
        CostQuery(date(2025, 12, 1), START, by=["month"]),
        CostQuery(date(2025, 12, 31), START, by=["day"]),
        CostQuery(date(2025, 12, 1), END, by=["resource"]),
    ):
        assert answered(sqlite_ledger, query) == by_hand(rows, query)
