"""Bills that were computed by hand; each comment has the arithmetic."""

from __future__ import annotations

from decimal import Decimal

import pytest

from skyclust.store.engine import Store
from tests.unit.costs.price_books.history import (
    add_cluster,
    add_resource,
    at,
    book_of,
    by_day,
    deliveries,
    rows_of,
    total,
)

COMPUTE = ("core-hour 0.01", "memory-gib-hour 0.002")
READ = at("2027-01-01 00:00")


@pytest.fixture
def store(store: Store) -> Store:
    add_cluster(store, read_until=READ)
    return store


def test_an_instance_that_is_stopped_for_half_a_day(store: Store) -> None:
    add_resource(
        store,
        "instance",
        "101",
        ("2026-03-01 00:00", "2026-03-02 12:00", {"type": "2c4g"}),
        ("2026-03-02 12:00", "2026-03-03 00:00", {"type": "2c4g", "state": "stopped"}),
        ("2026-03-03 00:00", None, {"type": "2c4g"}),
    )
    rows = rows_of(deliveries(store, book_of(*COMPUTE), "2026-03-01", "2026-03-04"))
    # An hour: 2 x 0.01 + 4 x 0.002 = 0.028. A day: 0.028 x 24 = 0.672; half of it: 0.336.
    assert by_day(rows) == {
        "2026-03-01": Decimal("0.672"),
        "2026-03-02": Decimal("0.336"),
        "2026-03-03": Decimal("0.672"),
    }


def test_an_instance_that_is_resized_at_noon(store: Store) -> None:
    add_resource(
        store,
        "instance",
        "101",
        ("2026-03-01 00:00", "2026-03-01 12:00", {"type": "2c4g"}),
        ("2026-03-01 12:00", "2026-03-02 00:00", {"type": "4c8g"}),
    )
    rows = rows_of(deliveries(store, book_of(*COMPUTE), "2026-03-01", "2026-03-02"))
    # 12 h x 0.028 = 0.336; 12 h x (4 x 0.01 + 8 x 0.002 = 0.056) = 0.672; together 1.008.
    assert total(rows) == Decimal("1.008")
    # 2 cores x 12 h + 4 cores x 12 h = 72 core-hours; 4 x 12 + 8 x 12 = 144 GiB-hours.
    assert total([row for row in rows if row["SkuMeter"] == "core-hour"], "ConsumedQuantity") == 72
    assert total(rows, "PricingQuantity") == 72 + 144


def test_to_the_second(store: Store) -> None:
    add_resource(
        store, "instance", "101", ("2026-03-01 10:00:01", "2026-03-01 10:00:02", {"type": "1c1g"})
    )
    rows = rows_of(deliveries(store, book_of("core-hour 0.036"), "2026-03-01", "2026-03-02"))
    # 0.036 an hour is 0.00001 a second.
    assert total(rows) == Decimal("0.00001")


def test_a_disk_that_grows(store: Store) -> None:
    add_resource(
        store,
        "disk",
        "ssd:vm-101-disk-0",
        ("2026-02-01 00:00", "2026-02-15 00:00", {"size_gib": 73, "storage": "ssd"}),
        ("2026-02-15 00:00", None, {"size_gib": 146, "storage": "ssd"}),
    )
    book = book_of("storage-gib-month 0.10 class: ssd", "storage-gib-month 0.05")
    rows = rows_of(deliveries(store, book, "2026-02-01", "2026-03-01"))
    # A month is 730 h. 73 GiB x 14 d x 24 h / 730 h = 33.6 GiB-months; 146 GiB: 67.2.
    assert total(rows, "PricingQuantity") == Decimal("100.8")
    assert total(rows) == Decimal("10.08")


def test_a_calendar_month_costs_the_same_in_february(store: Store) -> None:
    add_resource(
        store,
        "disk",
        "ssd:vm-101-disk-0",
        ("2026-01-01 00:00", None, {"size_gib": 10, "storage": "ssd"}),
    )
    book = book_of("storage-gib-month 0.10", month="calendar")
    for start, end in (("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")):
        rows = rows_of(deliveries(store, book, start, end))
        # 10 GiB x 0.10, whatever the month: 28 or 31 rounded parts add up to it.
        assert total(rows) == Decimal(1)
        assert total(rows, "PricingQuantity") == 10


def test_the_end_of_a_month_divides_deliveries(store: Store) -> None:
    add_resource(
        store, "instance", "101", ("2026-01-31 18:00", "2026-02-01 06:00", {"type": "1c1g"})
    )
    found = deliveries(store, book_of("core-hour 0.01"), "2026-01-31", "2026-02-02")
    # 6 h in January and 6 h in February, each 0.06.
    assert [str(one.period) for one in found] == ["2026-01", "2026-02"]
    assert [total(rows_of([one])) for one in found] == [Decimal("0.06"), Decimal("0.06")]
    assert [row["BillingPeriodStart"] for row in rows_of(found)] == [
        at("2026-01-01 00:00"),
        at("2026-02-01 00:00"),
    ]


def test_a_leap_day(store: Store) -> None:
    add_resource(store, "instance", "101", ("2023-01-01 00:00", None, {"type": "1c1g"}))
    add_resource(store, "disk", "d", ("2023-01-01 00:00", None, {"size_gib": 29}))
    book = book_of("core-hour 0.01", "storage-gib-month 0.10", month="calendar")
    rows = rows_of(deliveries(store, book, "2024-02-01", "2024-03-01"))
    # 29 d x 24 h x 0.01 = 6.96, and 29 GiB x 0.10 = 2.90; of it a day 0.24 + 0.10.
    assert total(rows) == Decimal("9.86")
    assert by_day(rows)["2024-02-29"] == Decimal("0.34")


def test_a_price_that_changes_within_a_month(store: Store) -> None:
    add_resource(store, "instance", "101", ("2026-01-01 00:00", None, {"type": "1c1g"}))
    book = book_of(
        "core-hour 0.01 from: 2026-01-01, to: 2026-04-11", "core-hour 0.02 from: 2026-04-11"
    )
    rows = rows_of(deliveries(store, book, "2026-04-01", "2026-05-01"))
    # 10 d x 24 h x 0.01 = 2.40 and 20 d x 24 h x 0.02 = 9.60.
    assert total(rows) == Decimal(12)
    assert {row["SkuPriceId"] for row in rows} == {
        "datacentre@1/core-hour/2026-01-01",
        "datacentre@1/core-hour/2026-04-11",
    }


def test_a_deleted_instance_and_its_disk_that_stays(store: Store) -> None:
    add_resource(
        store, "instance", "101", ("2026-03-01 00:00", "2026-03-01 06:00", {"type": "1c1g"})
    )
    add_resource(store, "disk", "d", ("2026-03-01 00:00", None, {"size_gib": 73}))
    book = book_of("core-hour 0.01", "storage-gib-month 0.10")
    rows = rows_of(deliveries(store, book, "2026-03-01", "2026-03-03"))
    # 6 h x 0.01 = 0.06 on the first day; 73 GiB x 24 h / 730 h x 0.10 = 0.24 on each.
    assert by_day(rows) == {"2026-03-01": Decimal("0.30"), "2026-03-02": Decimal("0.24")}


def test_licences_addresses_snapshots_images_and_gpus(store: Store) -> None:
    windows = {"type": "1c1g", "platform": "win11", "tags": {"db": "mssql"}}
    add_resource(store, "instance", "101", ("2026-03-01 00:00", None, windows))
    add_resource(store, "instance", "102", ("2026-03-01 00:00", None, {"type": "g1.large"}))
    add_resource(store, "address", "a", ("2026-03-01 00:00", None, {}))
    add_resource(store, "snapshot", "s", ("2026-03-01 00:00", None, {"size_gib": 73}))
    add_resource(store, "image", "own", ("2026-03-01 00:00", None, {"size_gib": 7.3}))
    add_resource(
        store, "image", "theirs", ("2026-03-01 00:00", None, {"size_gib": 9, "public": True})
    )
    book = book_of(
        "instance-hour 0.10 type: g1.large",
        "gpu-hour 1 gpu: a10, types: {g1.large: 2}",
        "core-hour 0.01",
        "licence-hour 0.05 licence: windows, match: {platform: 'win*'}",
        "licence-hour 0.40 licence: sql, match: {tags: {db: mssql}}",
        "address-hour 0.005",
        "snapshot-gib-month 0.02",
        "image-gib-month 0.03",
    )
    rows = rows_of(deliveries(store, book, "2026-03-01", "2026-03-02"))
    bills = {row["ResourceId"]: Decimal(0) for row in rows}
    for row in rows:
        bills[row["ResourceId"]] += Decimal(str(row["BilledCost"]))
    assert bills == {
        "101": Decimal("11.04"),  # 24 h x (0.01 + 0.05 + 0.40)
        "102": Decimal("50.40"),  # 24 h x (0.10 in place of its cores + 2 x 1)
        "a": Decimal("0.12"),  # 24 h x 0.005
        "s": Decimal("0.048"),  # 73 x 24 / 730 x 0.02
        "own": Decimal("0.0072"),  # 7.3 x 24 / 730 x 0.03
    }


def test_a_change_to_summer_time_is_a_day_of_24_hours(store: Store) -> None:
    add_resource(store, "instance", "101", ("2026-03-01 00:00", None, {"type": "1c1g"}))
    # Europe changed its clocks on 2026-03-29: days are those of UTC, and have 24 hours.
    rows = rows_of(deliveries(store, book_of("core-hour 0.01"), "2026-03-28", "2026-03-31"))
    assert set(by_day(rows).values()) == {Decimal("0.24")}


def test_a_minimum_is_charged_once_for_each_run(store: Store) -> None:
    add_resource(
        store,
        "instance",
        "101",
        ("2026-03-01 10:00", "2026-03-01 10:06", {"type": "1c1g"}),
        ("2026-03-01 10:06", "2026-03-01 10:12", {"type": "2c1g"}),
        ("2026-03-01 10:12", "2026-03-01 23:30", {"type": "2c1g", "state": "stopped"}),
        ("2026-03-01 23:30", "2026-03-02 00:15", {"type": "1c1g"}),
        ("2026-03-02 00:15", "2026-03-02 12:00", {"type": "1c1g", "state": "stopped"}),
        ("2026-03-02 12:00", None, {"type": "1c1g"}),
    )
    book = book_of("core-hour 0.60", minimum_seconds=3600)
    rows = rows_of(deliveries(store, book, "2026-03-01", "2026-03-03"))
    # 0.60 an hour is 0.01 a minute. Run 1: 6 + 6 x 2, and 48 minutes to the hour x 2 = 114.
    # Run 2: 30 on the first day; 15 and 15 to the hour on the second. Run 3: 12 h = 720.
    assert by_day(rows) == {"2026-03-01": Decimal("1.44"), "2026-03-02": Decimal("7.50")}
    # Used: 6 + 12 + 30 + 15 + 720 minutes.
    assert total(rows, "ConsumedQuantity") == Decimal("13.05")
