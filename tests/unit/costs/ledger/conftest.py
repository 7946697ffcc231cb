"""Fixtures of the ledger."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import Store
from tests.unit.costs.ledger.ledgers import Ledger


@pytest.fixture
def ledger(store: Store, tmp_path: Path) -> Ledger:
    """An empty ledger: once on each engine."""
    return Ledger(store, open_root(str(tmp_path / "costs")))


@pytest.fixture
def sqlite_ledger(sqlite_store: Store, tmp_path: Path) -> Ledger:
    """An empty ledger on SQLite, for what does not depend on the engine."""
    return Ledger(sqlite_store, open_root(str(tmp_path / "costs")))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
