"""Folders imported into a ledger: what is there is what the folder holds, however often."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from focus_data_toolkit.generators import get_generator

from skyclust.contract.cost import CostDelivery
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.reading import read_batches
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import InvalidRequest
from skyclust.store.engine import Store
from tests.unit.costs.imports.exports import write, write_aws_export
from tests.unit.costs.ledger.ledgers import Ledger

MAY = (date(2026, 5, 1), date(2026, 6, 1))


@pytest.fixture
def ledger(sqlite_store: Store, tmp_path: Path) -> Ledger:
    return Ledger(sqlite_store, open_root(str(tmp_path / "ledger")))


def tables(delivery: CostDelivery) -> Iterator[Any]:
    for file in delivery.files:
        for batch in read_batches(file):
            yield normalize(batch, version=delivery.focus_version, origin=file.name)


def imported(ledger: Ledger, folder: Path) -> set[DeliveryState]:
    """Import a folder as bills of any kind are, and return what became of its deliveries."""
    deliveries = deliveries_in(folder, source="file:x", complete=MAY)
    return {ledger.apply(tables(each), each).state for each in deliveries}


def bill(cloud: str, count: int = 150) -> list[dict[str, str]]:
    content = get_generator(cloud, "1.2").generate_csv_bytes(count, 5)
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def cost(rows: Sequence[dict[str, str]]) -> Decimal:
    """Return the effective cost, each row rounded to the ledger's 12 digits."""
    exact = (Decimal(row["EffectiveCost"]) for row in rows)
    return sum((amount.quantize(Decimal("1e-12")) for amount in exact), Decimal(0))


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_bill_is_in_the_ledger_to_the_last_digit_and_once(
    tmp_path: Path, ledger: Ledger, cloud: str
) -> None:
    content = get_generator(cloud, "1.2").generate_csv_bytes(150, 5)
    write(tmp_path / "bills" / "bill.csv.gz", gzip.compress(content))

    assert imported(ledger, tmp_path / "bills") == {DeliveryState.APPLIED}
    assert ledger.total() == cost(bill(cloud))
    assert imported(ledger, tmp_path / "bills") == {DeliveryState.UNCHANGED}
    assert ledger.total() == cost(bill(cloud))


def test_an_export_replaces_what_its_refresh_before_had(tmp_path: Path, ledger: Ledger) -> None:
    rows = [row for row in bill("aws") if row["BillingAccountId"] == "100000000001"]
    folder = tmp_path / "bills"
    write_aws_export(folder, [rows[:50], rows[50:]], month="2026-05", execution="a")
    imported(ledger, folder)
    assert ledger.total() == cost(rows)

    write_aws_export(folder, [rows[:50], rows[50:-5]], month="2026-05", execution="b")
    imported(ledger, folder)
    assert ledger.total() == cost(rows[:-5])


def test_a_missing_part_leaves_the_ledger_as_it_is(tmp_path: Path, ledger: Ledger) -> None:
    rows = [row for row in bill("aws") if row["BillingAccountId"] == "100000000001"]
    folder = tmp_path / "bills"
    write_aws_export(folder, [rows[:50], rows[50:]], month="2026-05")
    imported(ledger, folder)
    before = ledger.contents()
    next(folder.rglob("*00002.csv.gz")).unlink()

    with pytest.raises(InvalidRequest, match="is missing"):
        imported(ledger, folder)
    assert ledger.contents() == before


def test_a_cut_off_part_leaves_the_ledger_as_it_is(tmp_path: Path, ledger: Ledger) -> None:
    rows = [row for row in bill("aws") if row["BillingAccountId"] == "100000000001"]
    folder = tmp_path / "bills"
    write_aws_export(folder, [rows[:50], rows[50:]], month="2026-05")
    imported(ledger, folder)
    before = ledger.contents()
    part = next(folder.rglob("*00002.csv.gz"))
    part.write_bytes(part.read_bytes()[:-40])

    with pytest.raises(InvalidRequest, match="cut off"):
        imported(ledger, folder)
    assert ledger.contents() == before
