"""What a price book delivers: days that the inventory covers, and no other."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from sqlalchemy import update

from skyclust.costs.price_books.deliveries import price_book_deliveries
from skyclust.errors import IncompleteList, InvalidRequest
from skyclust.store.engine import Store
from skyclust.store.tables import workspaces
from tests.unit.costs.price_books.history import (
    add_cluster,
    add_resource,
    at,
    book_of,
    days_of,
    deliveries,
    rows_of,
    total,
)

CORES = book_of("core-hour 0.01")
BORN = "2026-01-01 00:00"


def test_a_row_of_focus(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"), account="0" * 32, provider="openstack")
    add_resource(
        store,
        "instance",
        "i",
        (BORN, None, {"type": "2c1g", "project": "p1", "tags": {"Team": "Ä"}}),
        provider="openstack",
    )
    (delivery,) = deliveries(store, CORES, "2026-03-01", "2026-03-02")
    assert (delivery.source, delivery.provider) == ("price-book:datacentre", "openstack")
    assert delivery.billing_account_id == "0" * 32
    assert not delivery.provisional
    (row,) = rows_of([delivery])
    expected = {
        "BillingAccountId": "0" * 32,
        "SubAccountId": "p1",
        "ResourceId": "i",
        "ServiceCategory": "Compute",
        "RegionId": "r1",
        "ChargePeriodStart": at("2026-03-01 00:00"),
        "ChargePeriodEnd": at("2026-03-02 00:00"),
        "BillingPeriodEnd": at("2026-04-01 00:00"),
        "ConsumedQuantity": Decimal(48),
        "ConsumedUnit": "Core-Hours",
        "ListUnitPrice": Decimal("0.01"),
        "PricingCategory": "Standard",
        "BillingCurrency": "EUR",
        "x_PricedFrom": "price-book:datacentre@1",
    }
    assert {name: row[name] for name in expected} == expected
    costs = {row[name] for name in ("ListCost", "ContractedCost", "BilledCost", "EffectiveCost")}
    assert costs == {Decimal("0.48")}
    assert json.loads(str(row["Tags"])) == {"Team": "Ä"}


def test_nothing_that_exists_is_a_bill_of_zero_and_not_a_gap(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"))
    found = deliveries(store, CORES, "2026-03-01", "2026-03-03")
    assert days_of(found) == [("2026-03-01", "2026-03-02")]
    assert rows_of(found) == []


@pytest.mark.parametrize(
    ("scope", "days"),
    [
        ({"first_completed_at": at("2026-03-02 10:00")}, [("2026-03-03", "2026-03-05")]),
        ({"first_completed_at": None, "completed_at": None, "state": "failed"}, []),
        (
            {"completed_at": at("2026-03-04 23:59"), "state": "stale"},
            [("2026-03-01", "2026-03-03")],
        ),
        (
            {"read_gaps": [["2026-03-02T22:00:00+00:00", "2026-03-03T05:00:00+00:00"]]},
            [("2026-03-01", "2026-03-01"), ("2026-03-04", "2026-03-05")],
        ),
        ({"state": "unsupported", "completed_at": None}, [("2026-03-01", "2026-03-05")]),
    ],
)
def test_days_that_were_not_read_are_not_claimed(
    store: Store, scope: dict[str, object], days: list[tuple[str, str]]
) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"), instance=scope)
    assert days_of(deliveries(store, CORES, "2026-03-01", "2026-03-06")) == days


def test_a_kind_without_prices_need_not_be_read(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"), disk={"first_completed_at": None})
    assert len(deliveries(store, CORES, "2026-03-01", "2026-03-02")) == 1
    book = book_of("core-hour 0.01", "storage-gib-month 0.1")
    assert deliveries(store, book, "2026-03-01", "2026-03-02") == []


def test_the_running_day_is_provisional_and_known_up_to_the_last_read(store: Store) -> None:
    add_cluster(store, read_until=at("2026-03-02 11:00"))
    add_resource(store, "instance", "101", (BORN, None, {"type": "1c1g"}))
    now = at("2026-03-02 12:00")
    found = deliveries(store, CORES, "2026-03-01", "2026-04-01", now)
    assert days_of(found) == [("2026-03-01", "2026-03-02")]
    assert [one.provisional for one in found] == [True]
    assert total(rows_of(found)) == Decimal("0.35")  # 24 h and 11 h


def test_days_of_pruned_versions_are_not_claimed(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"))
    with store.writing() as connection:
        connection.execute(
            update(workspaces)
            .where(workspaces.c.workspace_id == "default")
            .values(versions_kept_from=at("2026-03-02 08:00"))
        )
    found = deliveries(store, CORES, "2026-03-01", "2026-03-04")
    assert days_of(found) == [("2026-03-03", "2026-03-03")]


def test_what_has_no_price_is_unknown_and_named(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"))
    add_resource(store, "instance", "101", (BORN, None, {"type": "1c1g"}))
    add_resource(
        store, "instance", "102", ("2026-03-02 10:00", "2026-03-02 11:00", {"type": "odd"})
    )
    begin, end = at("2026-03-01 00:00").date(), at("2026-03-05 00:00").date()
    listed = price_book_deliveries(store, "default", CORES, begin, end, at("2026-12-01 00:00"))
    found = [next(listed), next(listed)]
    with pytest.raises(IncompleteList) as raised:
        next(listed)
    assert days_of(found) == [("2026-03-01", "2026-03-01"), ("2026-03-03", "2026-03-04")]
    assert [one.name for one in raised.value.items] == ["instance 102"]
    sized = book_of("core-hour 0.01", sizes="{odd: {cores: 2, memory_gib: 4}}")
    assert len(deliveries(store, sized, "2026-03-01", "2026-03-05")) == 1


def test_a_project_of_two_credentials_is_charged_once(store: Store) -> None:
    later = at("2026-03-02 00:00")
    end = at("2026-12-01 00:00")
    for name, first in (("admin", later), ("user", at(BORN))):
        add_cluster(
            store,
            read_until=end,
            read_from=first,
            credential=name,
            account="a" * 32,
            provider="openstack",
        )
        add_resource(
            store,
            "instance",
            "i",
            (f"{first:%Y-%m-%d %H:%M}", None, {"type": "1c1g"}),
            credential=name,
            provider="openstack",
        )
    found = deliveries(store, CORES, "2026-03-01", "2026-03-03")
    assert days_of(found) == [("2026-03-01", "2026-03-02")]
    assert total(rows_of(found)) == Decimal("0.48")


def test_clusters_of_one_name_must_be_named(store: Store) -> None:
    for name in ("east", "west"):
        add_cluster(store, read_until=at("2026-12-01 00:00"), credential=name)
        add_resource(store, "instance", "101", (BORN, None, {"type": "1c1g"}), credential=name)
    with pytest.raises(InvalidRequest, match="east, west"):
        deliveries(store, CORES, "2026-03-01", "2026-03-02")
    named = book_of("core-hour 0.01", covers="{providers: [proxmox], credentials: [east, west]}")
    found = deliveries(store, named, "2026-03-01", "2026-03-02")
    assert [one.billing_account_id for one in found] == ["pve/east", "pve/west"]
    assert total(rows_of(found)) == Decimal("0.48")


def test_a_credential_that_was_never_verified_is_an_account_of_its_own(store: Store) -> None:
    add_cluster(store, read_until=at("2026-12-01 00:00"), account=None)
    (found,) = deliveries(store, CORES, "2026-03-01", "2026-03-02")
    assert found.billing_account_id == "price-book/datacentre/lab"


def test_a_book_of_no_credential_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="covers no credential"):
        deliveries(store, CORES, "2026-03-01", "2026-03-02")
