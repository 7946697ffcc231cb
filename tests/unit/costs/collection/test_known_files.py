"""A file without a manifest is not read again for what it holds, unless it was changed."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from focus_data_toolkit.generators import get_generator

from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.folder import import_folder
from skyclust.costs.collection.known_files import DeliveredFiles
from skyclust.costs.imports.file_spans import FileSpan, joined_spans
from skyclust.costs.imports.folder import deliveries_in
from skyclust.costs.imports.local_folder import LocalFolder
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.store.engine import Store
from tests.unit.costs.imports.exports import csv_bytes, write

OPTIONS = CollectionOptions(run_id=None, requested_by="user:1")
SOURCE = "file:bills"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of two periods and a gap, and another file."""
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path / "home"))
    days = ["2026-07-01", "2026-07-02", "2026-07-04", "2026-08-09"]
    write_bill(tmp_path / "bills" / "first.csv", days)
    write_bill(tmp_path / "bills" / "other.csv", ["2026-07-03"])
    return tmp_path / "bills"


def write_bill(path: Path, days: Sequence[str]) -> None:
    """Write a file with a row of each day, in the billing period of the day's month."""
    content = get_generator("aws", "1.2").generate_csv_bytes(50, 5).decode()
    row = next(csv.DictReader(io.StringIO(content, newline="")))
    ends = {"2026-07": "2026-08-01", "2026-08": "2026-09-01"}
    rows = [
        row
        | {
            "BillingPeriodStart": f"{day[:7]}-01T00:00:00Z",
            "BillingPeriodEnd": f"{ends[day[:7]]}T00:00:00Z",
            "ChargePeriodStart": f"{day}T00:00:00Z",
            "ChargePeriodEnd": f"{day}T01:00:00Z",
        }
        for day in days
    ]
    write(path, csv_bytes(rows, list(row)))


def imported(store: Store, folder: Path) -> list[DeliveryState]:
    costs = import_folder(store, "default", folder, OPTIONS, logging.getLogger("test"))
    assert not costs.collected.failed
    return [each.result.state for each in costs.collected.results]


def known(
    store: Store, folder: Path, workspace: str = "default"
) -> dict[str, list[FileSpan] | None]:
    files = DeliveredFiles(store, workspace, SOURCE)
    found = {item.name: files.same_file(item) for item in LocalFolder(folder).list()}
    return {
        name: None if facts is None or facts.spans is None else list(facts.spans)
        for name, facts in found.items()
    }


def test_the_same_files_make_the_same_deliveries_without_being_read(
    sqlite_store: Store, folder: Path
) -> None:
    read = list(deliveries_in(folder, source=SOURCE))
    assert known(sqlite_store, folder) == {"first.csv": None, "other.csv": None}
    assert imported(sqlite_store, folder) == [DeliveryState.APPLIED] * 2

    spans = known(sqlite_store, folder)
    assert spans["first.csv"] is not None
    assert spans["other.csv"] is not None
    assert [span.days for span in spans["first.csv"]] == [
        {date(2026, 7, 1), date(2026, 7, 2), date(2026, 7, 4)},
        {date(2026, 8, 9)},
    ]
    joined = joined_spans([*spans["other.csv"], *spans["first.csv"]])
    assert [(str(span.period), len(span.days)) for span in joined] == [
        ("2026-07", 4),
        ("2026-08", 1),
    ]
    files = DeliveredFiles(sqlite_store, "default", SOURCE)
    again = list(deliveries_in(folder, source=SOURCE, known=files))
    assert again == read
    assert imported(sqlite_store, folder) == [DeliveryState.UNCHANGED] * 2


def test_a_file_that_was_written_anew_is_read(sqlite_store: Store, folder: Path) -> None:
    imported(sqlite_store, folder)
    before = (folder / "other.csv").stat()
    write_bill(folder / "other.csv", ["2026-07-05"])
    os.utime(folder / "other.csv", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert known(sqlite_store, folder)["other.csv"] is None
    assert known(sqlite_store, folder)["first.csv"] is not None
    assert DeliveryState.APPLIED in imported(sqlite_store, folder)


def test_a_copy_of_the_files_changes_nothing_whatever_their_names_and_times(
    sqlite_store: Store, folder: Path
) -> None:
    imported(sqlite_store, folder)
    copy = folder.parent / "copy" / "bills"
    for number, name in enumerate(["other.csv", "first.csv"]):
        write(copy / f"{number}.csv", (folder / name).read_bytes())

    assert known(sqlite_store, copy) == {"0.csv": None, "1.csv": None}
    assert imported(sqlite_store, copy) == [DeliveryState.UNCHANGED] * 2


def test_what_one_workspace_read_is_unknown_in_another(sqlite_store: Store, folder: Path) -> None:
    imported(sqlite_store, folder)
    assert known(sqlite_store, folder, "other") == {"first.csv": None, "other.csv": None}
