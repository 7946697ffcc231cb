"""A ledger of three months, made once; each test has a store of its own over its files."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import Store, open_store
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger

FIRST, TODAY = date(2026, 3, 1), date(2026, 5, 21)
SPIKE = date(2026, 5, 12)


@pytest.fixture
def ledger(sqlite_store: Store, tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(sqlite_store, open_root(str(tmp_path / "costs")))


@pytest.fixture(scope="session")
def _filled(tmp_path_factory: pytest.TempPathFactory, _migrated_sqlite: Path) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    shutil.copyfile(_migrated_sqlite, folder / "skyclust.db")
    store = open_store(f"sqlite:///{folder / 'skyclust.db'}")
    _fill(Ledger(store, open_root(str(folder / "costs"))))
    store.dispose()
    return folder


@pytest.fixture
def filled(_filled: Path, tmp_path: Path) -> Iterator[Ledger]:
    """10 USD a day on i-1, with 90 USD more on i-9 on one day; 3 EUR of another account."""
    shutil.copyfile(_filled / "skyclust.db", tmp_path / "filled.db")
    store = open_store(f"sqlite:///{tmp_path / 'filled.db'}")
    yield Ledger(store, open_root(str(_filled / "costs")))
    store.dispose()


def _fill(ledger: Ledger) -> None:
    days = days_between(FIRST, TODAY)
    charges = [charge(day, "10") for day in days]
    charges.append(charge(SPIKE, "90", ResourceId="i-9", Tags="{}"))
    charges += [
        charge(date(2026, month, 1), "19", ChargeCategory="Tax", ServiceName="Tax")
        for month in (3, 4, 5)
    ]
    delivered(ledger, charges, FIRST, TODAY)
    other = [
        charge(day, "3", BillingCurrency="EUR", ServiceName="Storage", ResourceId="d-1")
        for day in days
    ]
    delivered(ledger, other, FIRST, date(2026, 5, 19), account="other", provider="gcp")
