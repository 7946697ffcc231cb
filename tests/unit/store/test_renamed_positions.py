"""An operation that was open during an upgrade goes on from where the older version was."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from skyclust.store import operations
from skyclust.store.engine import open_store
from tests.unit.store.test_migrations import _operation, _raw, _row, _tables, at_version, folder

__all__ = ["folder"]


@pytest.mark.parametrize(
    ("step", "state", "newest_step", "newest_state"),
    [
        ("undoing", "running", "rolling-back", "running"),
        ("restoring", "running", "rolling-back", "running"),
        ("restored", "running", "restarted", "running"),
        ("reverting", "running", "restoring", "running"),
        ("reverted", "running", "restored", "running"),
        ("undone", "undone", "rolled-back", "rolled-back"),
        ("requested", "running", "requested", "running"),
    ],
)
def test_an_open_operation_is_at_the_same_position_under_its_new_name(
    empty_url: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    state: str,
    newest_step: str,
    newest_state: str,
) -> None:
    """A recovery after the upgrade goes on where the older version was."""
    at_version(empty_url, "0006", folder, monkeypatch)
    engine = _raw(empty_url)
    with engine.begin() as connection:
        tables = {table.name: table for table in _tables(connection)}
        credential = _row(tables["credentials"]) | {"name": "prod"}
        connection.execute(insert(tables["credentials"]).values(credential))
        row = _operation("o-1", finished=False) | {"step": step, "state": state}
        connection.execute(insert(tables["operations"]).values(row | {"instance_id": "i-1"}))
    engine.dispose()
    store = open_store(empty_url)
    with store.reading() as connection:
        operation = operations.get(connection, "default", "o-1")
    store.dispose()
    assert (operation.step, operation.state) == (newest_step, newest_state)
    assert (operation.subject_kind, operation.subject_id) == ("instance", "i-1")
