"""A full disk, and a folder that may not be written to: nothing half done, and a clear error."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from skyclust.costs.imports.parquet_rows import opened_parquet
from skyclust.costs.ledger.duckdb_sessions import session
from skyclust.costs.ledger.exporting import ExportFormat, ExportOptions, export_focus
from skyclust.costs.ledger.staging import stage
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import ConfigurationError, SkyClustError, Unavailable
from skyclust.store.engine import Store
from tests.unit.costs.bills import JANUARY, bill, days_of
from tests.unit.costs.ledger.disks import FullRoot, full_disk
from tests.unit.costs.ledger.ledgers import Ledger


def test_a_disk_that_is_full_while_rows_are_staged_is_said(temporary: Path) -> None:
    with staging_folder() as folder, full_disk(), pytest.raises(Unavailable) as refused:
        stage([bill(days_of(JANUARY)[:3])], folder)
    assert "TMPDIR" in refused.value.hint
    assert str(temporary) in refused.value.message
    assert [*temporary.iterdir()] == []


def test_a_disk_that_is_full_while_a_file_is_copied_is_said(temporary: Path) -> None:
    written = io.BytesIO()
    pq.write_table(bill(days_of(JANUARY)[:3]), written)

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

    stream = Stream(written.getvalue())
    with full_disk(), pytest.raises(Unavailable, match="temporary files"):  # noqa: SIM117  # the limit comes first
        with opened_parquet(stream, "bill.parquet"):
            pass


@pytest.mark.parametrize("files", [0, 3])
def test_a_disk_that_is_full_leaves_the_ledger_as_it_was(ledger: Ledger, files: int) -> None:
    ledger.apply(bill(days_of(JANUARY)[:2]))
    before = (ledger.contents(), ledger.rollups(), ledger.rows_by_day())
    full = Ledger(ledger.store, FullRoot(ledger.root, files))
    rows = bill(days_of(JANUARY)[:8], seed=2)
    with pytest.raises(Unavailable, match="cannot be written") as refused:
        full.apply(rows)
    assert "SKYCLUST_COST_LEDGER" in refused.value.hint
    assert ledger.root.path("default") in refused.value.message
    assert (ledger.contents(), ledger.rollups(), ledger.rows_by_day()) == before
    left = {*ledger.files()} - {*ledger.current_names()}
    assert len(left) == files, "whole files without a pointer, and no drafts"
    ledger.apply(rows)
    assert len(ledger.contents()) == 8


@pytest.mark.parametrize("where", ["file", "kernel"])
def test_a_ledger_that_may_not_be_written_to_is_a_setting_to_mend(
    sqlite_store: Store, tmp_path: Path, where: str
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    # Nobody may make a folder there, the superuser neither.
    folder = {"file": taken, "kernel": Path("/sys/skyclust")}[where]
    ledger = Ledger(sqlite_store, open_root(str(folder)))
    with pytest.raises(SkyClustError) as refused:
        ledger.apply(bill(days_of(JANUARY)[:2]))
    assert type(refused.value) is ConfigurationError
    assert "SKYCLUST_COST_LEDGER" in refused.value.hint
    assert ledger.contents() == {}


SPILLS = """
SELECT count(DISTINCT h) FROM (SELECT md5(i::VARCHAR) AS h FROM range(1000000) AS t(i) GROUP BY 1)
"""


@pytest.mark.parametrize("limit", ["of a file", "of the folder"])
def test_a_disk_that_is_full_while_sums_are_made_is_said(temporary: Path, limit: str) -> None:
    def spill() -> None:
        with session(folder) as connection:
            connection.execute("SET memory_limit = '20MB'")
            if limit == "of the folder":
                connection.execute("SET max_temp_directory_size = '1MB'")
                connection.execute(SPILLS).fetchall()
            with full_disk():
                connection.execute(SPILLS).fetchall()

    with staging_folder() as folder, pytest.raises(Unavailable) as refused:
        spill()
    assert str(temporary) in refused.value.message
    assert "TMPDIR" in refused.value.hint
    assert [*temporary.iterdir()] == []


def test_a_disk_that_is_full_while_costs_are_exported_is_said(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    ledger, target = sqlite_ledger, tmp_path / "out.csv"
    ledger.apply(bill(days_of(JANUARY)[:3]))
    options = ExportOptions(ExportFormat.CSV, "1.2", JANUARY.start, JANUARY.end, where={})
    with full_disk(), pytest.raises(Unavailable, match=str(target)) as refused:
        export_focus(ledger.store, "default", target, options, root=ledger.root)
    assert "Make space" in refused.value.hint
    assert not target.exists()
    assert not [*tmp_path.glob(".out*")], "no draft is left"
