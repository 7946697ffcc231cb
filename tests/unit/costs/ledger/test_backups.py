"""Backups as the reference describes them: the store first, then the folder of the ledger."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import NotFound
from skyclust.store.engine import Store, open_store
from tests.unit.costs.bills import JANUARY
from tests.unit.costs.ledger.applying import apply_second
from tests.unit.costs.ledger.ledgers import Ledger
from tests.unit.costs.ledger.test_dying import _collected, begun, known_files, run

BY_RESOURCE = CostQuery(JANUARY.start, JANUARY.end, by=["resource"])


def back_up_store(store: Store, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    source = sqlite3.connect(make_url(store.url).database or "")
    copy = sqlite3.connect(folder / "skyclust.db")
    source.backup(copy)
    source.close()
    copy.close()


def restored(folder: Path) -> Ledger:
    """Return the ledger of a backup, opened where it was restored to."""
    store = open_store(f"sqlite:///{folder / 'skyclust.db'}")
    return Ledger(store, open_root(str(folder / "costs")))


def test_a_backup_from_between_file_and_pointer_is_whole(
    sqlite_store: Store, tmp_path: Path
) -> None:
    ledger = begun(sqlite_store, tmp_path)
    old = (ledger.contents(), ledger.rollups())
    steps = run(ledger, tmp_path)
    new = (ledger.contents(), ledger.rollups())
    commits = [number for number, step in enumerate(steps, start=1) if step == "commit"]

    ledger = begun(sqlite_store, tmp_path)
    run(ledger, tmp_path, commits[-1])
    assert {*ledger.files()} > known_files(ledger), "its files are written"
    backup = tmp_path / "backup"
    back_up_store(sqlite_store, backup)
    apply_second(ledger)  # while the folder is copied
    shutil.copytree(tmp_path / "costs", backup / "costs")

    copy = restored(backup)
    assert (copy.contents(), copy.rollups()) == old
    assert copy.root.missing(copy.current_names()) == []
    assert not query_costs(copy.store, ["default"], BY_RESOURCE, root=copy.root).empty
    assert _collected(copy, backup), "files without a pointer"
    assert {*copy.files()} == known_files(copy)
    apply_second(copy)
    assert (copy.contents(), copy.rollups()) == new
    copy.store.dispose()


def test_a_folder_that_is_older_than_its_store_is_never_summed_and_collected_again(
    sqlite_store: Store, tmp_path: Path
) -> None:
    ledger = begun(sqlite_store, tmp_path)
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "costs", backup / "costs")
    apply_second(ledger)
    new = (ledger.contents(), ledger.rollups())
    back_up_store(sqlite_store, backup)

    copy = restored(backup)
    with pytest.raises(NotFound, match="does not exist"):
        query_costs(copy.store, ["default"], BY_RESOURCE, root=copy.root)
    apply_second(copy)
    assert (copy.contents(), copy.rollups()) == new
    assert copy.root.missing(copy.current_names()) == []
    copy.store.dispose()
