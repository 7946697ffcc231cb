"""The real thing: the flow `sync_inventory` reads the same cloud into the store, twice.

`python -m benchmarks.sync ENDPOINT` works with the Prefect server and the home folder of its
environment, and prints what each sync cost.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Final

from sqlalchemy import select

from benchmarks.measuring import measured, report
from flows.sync_inventory import sync_inventory
from skyclust.model.resource import ResourceKind
from skyclust.orchestration.credentials import save_credential
from skyclust.store.engine import Store, open_store
from skyclust.store.resources import find
from skyclust.store.tables import resource_versions

CREDENTIAL: Final = "benchmark"


def rows_digest(store: Store) -> str:
    """Return a digest of every column of every row that is kept of resources."""
    digest = hashlib.sha256()
    with store.reading() as connection:
        rows = select(resource_versions).order_by(resource_versions.c.version_id)
        for row in connection.execute(rows, execution_options={"yield_per": 1000}):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def stored_instances(store: Store) -> int:
    """Return how many machines the inventory has."""
    with store.reading() as connection:
        return len(find(connection, "default", kinds=[ResourceKind.INSTANCE]))


def synced() -> None:
    """Run the flow; raises when it does not complete."""
    state = sync_inventory(credentials=[CREDENTIAL], return_state=True)
    if not state.is_completed() or state.name != "Completed":
        raise RuntimeError(f"The sync ended {state.name}: {state.message}")


def main(endpoint: str) -> None:
    """Sync into an empty store, then once more with nothing changed."""
    store = open_store()
    values = {"access_key_id": "key", "secret_access_key": "secret", "endpoint": endpoint}
    save_credential(store, "default", CREDENTIAL, "aws", values)
    _, first = measured(synced)
    before = rows_digest(store)
    _, second = measured(synced)
    after = rows_digest(store)
    report(
        {
            "database": store.dialect,
            "instances": stored_instances(store),
            "first": first.figures(),
            "second": second.figures(),
            "second_wrote_rows": after != before,
        }
    )


if __name__ == "__main__":
    main(sys.argv[1])
