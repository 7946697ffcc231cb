"""Import a bill of generated rows beside PostgreSQL's COPY of the same file.

`python -m benchmarks.cost_import apply|plain|copy|query FOLDER` measures one of them in this
process: `apply` imports the folder, imports it again, and imports it with one changed day; `plain`
imports its data file without the manifest, that file again, and a copy of it; `query` runs queries
over what was imported with the manifest.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

from benchmarks.cost_rows import ACCOUNT, DAYS, PERIOD, write_bill
from benchmarks.measuring import Cost, measured, report
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.folder import import_folder
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.queries import query_costs
from skyclust.store.cost_tables import cost_accounts, cost_heads, cost_slices
from skyclust.store.engine import Store, open_store

SERVER: Final = "SKYCLUST_TEST_POSTGRESQL_URL"
"""The environment variable that names a PostgreSQL server, as for the tests."""

_DEFAULT_SERVER: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
_CHANGED_DAY: Final = 11
ACCOUNTS: Final = 10
FREE: Final = (("tag:team", "resource_kind"), ("resource", "tag:team"))
"""Columns that no rollup has together."""

_EXPORT: Final = "focus/focus"
_PERIOD: Final = f"BILLING_PERIOD={PERIOD[0]:%Y-%m}"


def make_export(folder: Path, rows: int) -> None:
    """Write the bill as an export of AWS: the data, and the manifest that names them."""
    data = folder / _EXPORT / "data" / _PERIOD / "focus-00001.csv"
    data.parent.mkdir(parents=True)
    write_bill(data, rows)
    _write_manifest(folder, data)


def _write_manifest(folder: Path, data: Path) -> None:
    manifest = folder / _EXPORT / "metadata" / _PERIOD / "focus-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/focus-1",
        "columns": [{"name": name} for name in _header(data)],
        "dataFiles": [f"s3://bucket/{data.relative_to(folder)}"],
    }
    manifest.write_text(json.dumps(content))


def _header(data: Path) -> list[str]:
    with data.open(newline="") as file:
        return next(csv.reader(file))


def server() -> str:
    """Return the address of the PostgreSQL server."""
    return os.environ.get(SERVER, _DEFAULT_SERVER)


def copied(folder: Path) -> None:
    """Measure COPY of the bill into a logged table with the types of its columns."""
    [data] = folder.rglob("*.csv")
    table = Identifier(f"skyclust_bench_{os.getpid()}")
    columns = SQL(", ").join(
        SQL("{} " + _type_of(name)).format(Identifier(name)) for name in _header(data)
    )
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(SQL("CREATE TABLE {} ({})").format(table, columns))

        def copy() -> None:
            statement = SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(table)
            with connection.cursor().copy(statement) as sent, data.open("rb") as file:
                while block := file.read(1 << 20):
                    sent.write(block)

        try:
            _, cost = measured(copy)
        finally:
            connection.execute(SQL("DROP TABLE {}").format(table))
    report({"seconds": round(cost.seconds, 2)})


def _type_of(column: str) -> str:
    if column.endswith(("Cost", "Quantity", "UnitPrice")):
        return "numeric"
    return "timestamptz" if column.endswith(("PeriodStart", "PeriodEnd")) else "text"


def applied(folder: Path) -> None:
    """Measure the import, the same one again, and one with a changed day."""
    store = _opened(folder)
    first, imported = _import(store, folder)
    _, again = _import(store, folder)
    [data] = folder.rglob("*.csv")
    write_bill(data, first.rows, changed_day=_CHANGED_DAY)
    _write_manifest(folder, data)
    changed, restated = _import(store, folder)
    days = [str(day) for day in changed.days_written]
    report(
        {
            "rows": first.rows,
            "import": imported.figures(),
            "again_seconds": round(again.seconds, 3),
            "again_share": round(again.seconds / imported.seconds, 4),
            "changed_day_seconds": round(restated.seconds, 2),
            "changed_days": days,
            "unchanged_days": len(changed.days_unchanged),
            "complete": len(first.days_written) == DAYS
            and days == [str(PERIOD[0] + timedelta(_CHANGED_DAY))],
        }
    )


def plain(folder: Path) -> None:
    """Measure the import of the data file alone, the same file again, and a copy of it."""
    [data] = folder.rglob("*.csv")
    store = _opened(folder.with_name("plain"))
    first, imported = _import(store, data)
    same, again = _import(store, data)
    copy = folder.with_name("copy") / data.name
    copy.parent.mkdir()
    shutil.copyfile(data, copy)
    copied, of_copy = _import(store, copy)
    report(
        {
            "import": imported.figures(),
            "again_share": round(again.seconds / imported.seconds, 4),
            "copy_share": round(of_copy.seconds / imported.seconds, 4),
            "complete": len(first.days_written) == DAYS
            and {same.state, copied.state} == {DeliveryState.UNCHANGED},
        }
    )


def _import(store: Store, folder: Path) -> tuple[Any, Cost]:
    options = CollectionOptions(None, "user:benchmark")
    costs, cost = measured(
        lambda: import_folder(store, "default", folder, options, logging.getLogger(__name__))
    )
    if costs.collected.failed:
        raise RuntimeError(f"The import failed: {costs.collected.failed}")
    [collected] = costs.collected.results
    return collected.result, cost


def queried(folder: Path) -> None:
    """Measure queries: a breakdown of the month, and free columns over ten times the rows."""
    store = _opened(folder)
    month = CostQuery(*PERIOD, by=["service", "region"])
    breakdown, milliseconds = _quickest(store, month)
    rows = int(breakdown["rows"].sum())
    _add_accounts(store, ACCOUNTS - 1)
    free = {}
    for by in FREE:
        # Not the whole month: no rollup has that.
        frame, taken = _quickest(store, CostQuery(PERIOD[0], PERIOD[1] - timedelta(1), by=by))
        free[" and ".join(by)] = {
            "rows": int(frame["rows"].sum()),
            "groups": len(frame),
            "seconds": round(taken / 1000, 2),
        }
    report({"breakdown": {"rows": rows, "milliseconds": milliseconds}, "free_columns": free})


def _quickest(store: Store, query: CostQuery) -> tuple[Any, float]:
    """Return the result, and the milliseconds of the quickest of three."""
    results = [measured(lambda: query_costs(store, ["default"], query)) for _ in range(3)]
    return results[0][0], round(1000 * min(cost.seconds for _, cost in results), 1)


def _add_accounts(store: Store, count: int) -> None:
    """Let further accounts have the same slices: their files are read once for each."""
    with store.writing() as connection:
        for table, key in ((cost_accounts, None), (cost_heads, None), (cost_slices, "slice_id")):
            rows = [dict(row._mapping) for row in connection.execute(select(table))]
            for number in range(count):
                for row in rows:
                    other = row | {"billing_account_id": f"{number:012d}"}
                    if key is not None:
                        other[key] = str(uuid4())
                    connection.execute(table.insert().values(other))


def _opened(folder: Path) -> Store:
    """Return the store beside the folder of the bill, with a ledger there."""
    os.environ["SKYCLUST_COST_LEDGER"] = str(folder.with_name(f"{folder.name}-ledger"))
    return open_store(f"sqlite:///{folder.with_name(folder.name + '.db')}")


def main(what: str, folder: str) -> None:
    """Measure one thing."""
    measures = {"apply": applied, "copy": copied, "plain": plain, "query": queried}
    measures[what](Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
