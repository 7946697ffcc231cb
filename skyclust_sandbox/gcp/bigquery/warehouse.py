"""The table of the export in DuckDB, and the queries over it.

Rows of the seeded estate are made once a day and kept: every reset has the same estate. The empty
seed has the table without a row. What is published of the bill, and whether it is that of a sample,
is the `BillingState` of the control API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import duckdb
import pyarrow as pa

from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.billing.state import BillingState
from skyclust_sandbox.gcp.bigquery.columns import FIELDS, Field
from skyclust_sandbox.gcp.bigquery.dialect import InvalidQuery, translate
from skyclust_sandbox.gcp.bigquery.estate_bill import estate_bill, sample_bill
from skyclust_sandbox.gcp.bigquery.export_rows import export_rows, to_numeric
from skyclust_sandbox.gcp.bigquery.results import to_field, to_row
from skyclust_sandbox.gcp.state import Project

_MIB: Final = 2**20
LEAST_BYTES: Final = 10 * _MIB
"""BigQuery bills at least 10 MB a query (https://cloud.google.com/bigquery/pricing)."""

_CELL_BYTES: Final = 16


class BytesLimit(Exception):
    """A query would read more bytes than it allows; the argument is how many."""


_Key = tuple[bool, int | None, date]


@dataclass(frozen=True)
class _Export:
    """A table in DuckDB, and the bill that it has the rows of; None for an empty table."""

    table: str
    bill: Bill | None


@dataclass(frozen=True)
class Result:
    """The result of a query: its columns, its rows in BigQuery's form, and the bytes read."""

    fields: list[Field]
    rows: list[dict[str, Any]]
    bytes_processed: int


class Warehouse:
    """The export of one project. Its callers hold the cloud's lock."""

    def __init__(self, billing: BillingState) -> None:
        self._billing = billing
        self._connection: Any = duckdb.connect(config={"enable_external_access": False})
        self._tables: dict[_Key, _Export] = {}
        self._project: Project | None = None
        self._seeded = False

    def restart(self, project: Project, *, seeded: bool) -> None:
        """Begin again with the resources of a project, or without a row."""
        self._project = project
        self._seeded = seeded

    def run(self, sql: str, parameters: list[dict[str, Any]], limit: int | None) -> Result:
        """Return the result of a query.

        Raises InvalidQuery, also for what DuckDB refuses, and BytesLimit.
        """
        statement = translate(sql, parameters)
        table = self._export().table
        bytes_processed = self._bytes(table, sql)
        if limit is not None and limit < max(bytes_processed, LEAST_BYTES):
            raise BytesLimit(max(bytes_processed, LEAST_BYTES))
        published = f'SELECT * EXCLUDE (publication) FROM "{table}" WHERE publication <= '  # noqa: S608  # own name
        with_export = (
            f"WITH export AS ({published}{self._billing.publication.value}) {statement.sql}"
        )
        try:
            found = self._connection.cursor().execute(with_export, statement.parameters or None)
        except duckdb.Error as error:
            raise InvalidQuery(str(error).splitlines()[0]) from error
        fields = [to_field(name, kind) for name, kind, *_ in found.description]
        rows = [to_row(fields, values) for values in found.fetchall()]
        return Result(fields, rows, bytes_processed)

    def row_count(self) -> int:
        """Return the number of rows of the table."""
        table = self._export().table
        sql = f'SELECT COUNT(*) FROM "{table}" WHERE publication <= ?'  # noqa: S608  # own name
        [[count]] = self._connection.execute(sql, [self._billing.publication.value]).fetchall()
        return int(count)

    def days(self) -> list[dict[str, str]]:
        """Return the generator's own sums by invoice month and first day of the charges.

        Each amount is rounded as NUMERIC stores it before it is added.
        """
        bill = self._export().bill
        sums: dict[tuple[date, date], tuple[Decimal, Decimal]] = {}
        for period in [] if bill is None else bill.periods():
            for charge in [] if bill is None else bill.charges(period, self._billing.publication):
                billed, effective = sums.get((period, charge.start), (Decimal(0), Decimal(0)))
                sums[period, charge.start] = (
                    billed + to_numeric(charge.billed_cost),
                    effective + to_numeric(charge.effective_cost),
                )
        return [
            {
                "month": period.isoformat(),
                "day": day.isoformat(),
                "billed_cost": str(billed),
                "effective_cost": str(effective),
            }
            for (period, day), (billed, effective) in sorted(sums.items())
        ]

    def _bytes(self, table: str, sql: str) -> int:
        """Return what the query reads: every row of each column that it names."""
        [[count]] = self._connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchall()  # noqa: S608  # own name
        named = sum(bool(re.search(rf"\b{field.name}\b", sql)) for field in FIELDS)
        return int(count) * named * _CELL_BYTES

    def _export(self) -> _Export:
        """Return the export of the present seed or sample, filled on first use."""
        today = datetime.now(UTC).date()
        sample = self._billing.sample
        key = (self._seeded and sample is None, sample, today)
        if key not in self._tables:
            bill, name = self._bill(today), f"export_{len(self._tables)}"
            number = "" if self._project is None else self._project.number
            self._load(name, [] if bill is None else export_rows(bill, number))
            self._tables[key] = _Export(name, bill)
        return self._tables[key]

    def _bill(self, today: date) -> Bill | None:
        if self._billing.sample is not None:
            return sample_bill(self._billing.sample, today)
        if not self._seeded or self._project is None:
            return None
        return estate_bill(self._project, today)

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
