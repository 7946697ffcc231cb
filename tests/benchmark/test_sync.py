"""The proof that an unchanged sync writes nothing would notice a row that was written."""

from __future__ import annotations

import pytest

from benchmarks.sync import rows_digest
from skyclust.model.resource import Resource, ResourceKind
from skyclust.store import credentials, resources
from skyclust.store.engine import Store

pytestmark = pytest.mark.benchmark


def record(store: Store, name: str) -> None:
    disk = Resource(provider="aws", region="r", kind=ResourceKind.DISK, id="vol-1", name=name)
    with store.writing() as connection:
        resources.record(connection, "default", "main", disk, run_id=None)


def test_a_written_row_changes_the_digest(sqlite_store: Store) -> None:
    with sqlite_store.writing() as connection:
        credentials.add(
            connection, "default", name="main", provider="aws", block_name="default--main"
        )
    digests = [rows_digest(sqlite_store)]
    for name in ("data", "data", "logs"):
        record(sqlite_store, name)
        digests.append(rows_digest(sqlite_store))
    assert digests[-1] == rows_digest(sqlite_store)
    assert len(set(digests)) == 4  # seen again is a written row, too
