"""A small ledger in a home: five days of March, two currencies, and a day that is missing."""

from __future__ import annotations

from datetime import date

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import open_store
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger

FIRST, END = date(2026, 3, 2), date(2026, 3, 7)
GAP = date(2026, 3, 4)
RANGE = ("--from", "2026-03-02", "--to", "2026-03-07")


def fill_home() -> Ledger:
    """Return the ledger of SKYCLUST_HOME: 1.1 USD a day of the 4 known days, 0.2 EUR once."""
    ledger = Ledger(open_store(), open_root())
    charges = [charge(day, "1.1") for day in days_between(FIRST, END) if day != GAP]
    charges.append(
        charge(
            FIRST,
            "0.2",
            BillingCurrency="EUR",
            ServiceName="=Storage",
            RegionId=None,
            ListCost=None,
            Tags='{"team":"Ümlaut","_":null}',
        )
    )
    delivered(ledger, charges, FIRST, GAP)
    delivered(ledger, charges, date(2026, 3, 5), END)
    return ledger
