"""The table of the export in DuckDB, and the queries over it.

Rows of the seeded estate are made once a day and kept: every reset has the same estate. The empty
seed has the table without a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import duckdb
import pyarrow as pa

from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.gcp.bigquery.columns import FIELDS, Field
from skyclust_sandbox.gcp.bigquery.dialect import InvalidQuery, translate
from skyclust_sandbox.gcp.bigquery.estate_bill import BILLING_ACCOUNT, estate_bill
from skyclust_sandbox.gcp.bigquery.export_rows import export_rows
from skyclust_sandbox.gcp.bigquery.results import to_field, to_row
from skyclust_sandbox.gcp.identity import MAIN_PROJECT
from skyclust_sandbox.gcp.state import Project

LOCATION: Final = "europe-west3"
_ACCOUNT: Final = BILLING_ACCOUNT.replace("-", "_")
DATASET: Final = f"gcp_billing_immutable_{_ACCOUNT}_europe_west3"
TABLE: Final = f"gcp_billing_export_focus_{_ACCOUNT}"
FULL_NAME: Final = f"{MAIN_PROJECT}.{DATASET}.{TABLE}"

_MIB: Final = 2**20
LEAST_BYTES: Final = 10 * _MIB
"""BigQuery bills at least 10 MB a query (https://cloud.google.com/bigquery/pricing)."""

_CELL_BYTES: Final = 16


class BytesLimit(Exception):
    """A query would read more bytes than it allows; the argument is how many."""


@dataclass(frozen=True)
class Result:
    """The result of a query: its columns, its rows in BigQuery's form, and the bytes read."""

    fields: list[Field]
    rows: list[dict[str, Any]]
    bytes_processed: int


class Warehouse:
    """The export of one project. Its callers hold the cloud's lock."""

    def __init__(self) -> None:
        self._connection: Any = duckdb.connect(config={"enable_external_access": False})
        self._tables: dict[tuple[bool, date], str] = {}
        self._bills: dict[date, Bill] = {}
        self._project: Project | None = None
        self._seeded = False
        self.publication = Publication.RESTATED

    def restart(self, project: Project, *, seeded: bool) -> None:
        """Begin again with the resources of a project, or without a row."""
        self._project = project
        self._seeded = seeded
        self.publication = Publication.RESTATED

    def run(self, sql: str, parameters: list[dict[str, Any]], limit: int | None) -> Result:
        """Return the result of a query.

        Raises InvalidQuery, also for what DuckDB refuses, and BytesLimit.
        """
        statement = translate(sql, parameters)
        table = self._table()
        bytes_processed = self._bytes(table, sql)
        if limit is not None and limit < max(bytes_processed, LEAST_BYTES):
            raise BytesLimit(max(bytes_processed, LEAST_BYTES))
        published = f'SELECT * EXCLUDE (publication) FROM "{table}" WHERE publication <= '  # noqa: S608  # own name
        with_export = f"WITH export AS ({published}{self.publication.value}) {statement.sql}"
        try:
            found = self._connection.execute(with_export, statement.parameters or None)
        except duckdb.Error as error:
            raise InvalidQuery(str(error).splitlines()[0]) from error
        fields = [to_field(name, kind) for name, kind, *_ in found.description]
        rows = [to_row(fields, values) for values in found.fetchall()]
        return Result(fields, rows, bytes_processed)

    def row_count(self) -> int:
        """Return the number of rows of the table."""
        table = self._table()
        sql = f'SELECT COUNT(*) FROM "{table}" WHERE publication <= ?'  # noqa: S608  # own name
        [count] = self._connection.execute(sql, [self.publication.value]).fetchone()
        return int(count)

    def totals(self) -> list[dict[str, str]]:
        """Return the generator's own totals of each month, none for the empty seed."""
        self._table()
        bill = self._bills.get(datetime.now(UTC).date()) if self._seeded else None
        if bill is None:
            return []
        return [
            {
                "month": period.isoformat()[:7],
                "billed_cost": str(bill.total(period, self.publication)),
                "effective_cost": str(bill.total(period, self.publication, "EffectiveCost")),
            }
            for period in bill.periods()
        ]

    def _bytes(self, table: str, sql: str) -> int:
        """Return what the query reads: every row of each column that it names."""
        [count] = self._connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()  # noqa: S608  # own name
        named = sum(bool(re.search(rf"\b{field.name}\b", sql)) for field in FIELDS)
        return int(count) * named * _CELL_BYTES

    def _table(self) -> str:
        """Return the name of the table in DuckDB, filled on first use."""
        today = datetime.now(UTC).date()
        key = (self._seeded, today)
        if key not in self._tables:
            name = f"export_{len(self._tables)}"
            self._load(name, self._rows(today))
            self._tables[key] = name
        return self._tables[key]

    def _rows(self, today: date) -> Iterable[tuple[Publication, dict[str, Any]]]:
        if not self._seeded or self._project is None:
            return []
        self._bills[today] = estate_bill(self._project, today)
        return export_rows(self._bills[today], self._project.number)

    def _load(self, name: str, rows: Iterable[tuple[Publication, dict[str, Any]]]) -> None:
        content = [(publication.value, row) for publication, row in rows]
        columns = {
            field.name: pa.array([row.get(field.name) for _, row in content], field.arrow_type)
            for field in FIELDS
        }
        numbers = pa.array([publication for publication, _ in content], pa.int64())
        self._connection.register("loaded", pa.table({**columns, "publication": numbers}))
        self._connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM loaded')  # noqa: S608  # own name
        self._connection.unregister("loaded")
