"""Which accounts and price books a collection selects, and which accounts a book prices."""

from __future__ import annotations

from datetime import date

import pytest

from skyclust.costs.collection.plan import CollectionPlan, plan_collection
from skyclust.costs.price_books.deliveries import price_book_deliveries
from skyclust.costs.price_books.saving import load_price_book, save_price_book
from skyclust.model.cost_request import CollectCostsRequest
from skyclust.store import workspaces
from skyclust.store.engine import Store
from tests.unit.costs.price_books.history import add_cluster, at

READ_UNTIL = at("2026-12-01 00:00")
TODAY = date(2026, 3, 3)
SHARED = "a" * 32

BOOKS = {
    "lab": "{providers: [proxmox]}",
    "east-only": "{providers: [proxmox], credentials: [east]}",
    "private": "{providers: [openstack, proxmox]}",
}


@pytest.fixture
def estate(sqlite_store: Store) -> Store:
    """Clusters east and west, and two credentials of one OpenStack project, with books for them."""
    for name in ("east", "west"):
        add_cluster(sqlite_store, read_until=READ_UNTIL, credential=name, account=name)
    for name in ("admin", "user"):
        add_cluster(
            sqlite_store,
            read_until=READ_UNTIL,
            credential=name,
            account=SHARED,
            provider="openstack",
        )
    for name, covers in BOOKS.items():
        save(sqlite_store, "default", name, covers)
    return sqlite_store


def save(store: Store, workspace: str, name: str, covers: str) -> None:
    price = "{unit: core-hour, price: 0.01, from: 2020-01-01}"
    text = f"name: {name}\ncurrency: EUR\ncovers: {covers}\nprices: [{price}]\n"
    save_price_book(store, workspace, text, saved_by="user:1")


def plan(store: Store, **request: object) -> CollectionPlan:
    wanted = CollectCostsRequest.model_validate({"workspace": "default", **request})
    return plan_collection(store, wanted, TODAY)


def books(store: Store, **request: object) -> set[str]:
    return {name for _, name in plan(store, **request).books}


@pytest.mark.parametrize(
    ("request_", "selected"),
    [
        ({}, {"lab", "east-only", "private"}),
        ({"providers": ["proxmox"]}, {"lab", "east-only", "private"}),
        ({"providers": ["openstack"]}, {"private"}),
        ({"providers": ["aws"]}, set()),
        ({"credentials": ["east"]}, {"lab", "east-only", "private"}),
        ({"credentials": ["west"]}, {"lab", "private"}),
        ({"credentials": ["user"]}, {"private"}),
        ({"credentials": ["east", "user"], "providers": ["openstack"]}, {"private"}),
        ({"credentials": ["east"], "price_books": False}, set()),
    ],
)
def test_a_filter_selects_the_books_that_cover_it(
    estate: Store, request_: dict[str, object], selected: set[str]
) -> None:
    assert books(estate, **request_) == selected


def test_a_credential_selects_no_book_of_another_workspace(estate: Store) -> None:
    with estate.writing() as connection:
        workspaces.add(connection, "other")
    save(estate, "other", "lab", BOOKS["lab"])
    found = plan(estate, workspace=None, credentials=["west"]).books
    assert set(found) == {("default", "lab"), ("default", "private")}


@pytest.mark.parametrize(
    ("request_", "accounts"),
    [
        ({}, ["a" * 32, "east", "west"]),
        ({"providers": ["proxmox"]}, ["east", "west"]),
        ({"credentials": ["west"]}, ["west"]),
        ({"credentials": ["user"]}, [SHARED]),
    ],
)
def test_a_book_prices_the_accounts_that_are_selected(
    estate: Store, request_: dict[str, object], accounts: list[str]
) -> None:
    only = plan(estate, **request_).priced_in("default")
    saved = load_price_book(estate, "default", "private")
    days = (date(2026, 3, 1), date(2026, 3, 2))
    found = price_book_deliveries(estate, "default", saved, *days, READ_UNTIL, only=only)
    assert [one.billing_account_id for one in found] == accounts
