"""The sandbox's BigQuery: which statements it reads, and how it writes results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest

from skyclust_sandbox.gcp.bigquery.columns import FIELDS
from skyclust_sandbox.gcp.bigquery.dialect import InvalidQuery, translate
from skyclust_sandbox.gcp.bigquery.results import to_field, to_row

MONTH: dict[str, Any] = {
    "name": "month",
    "parameterType": {"type": "TIMESTAMP"},
    "parameterValue": {"value": "2026-08-01 00:00:00+02:00"},
}


def test_a_statement_is_rewritten_where_the_dialects_differ() -> None:
    statement = translate(
        "SELECT SUM((SELECT SUM(c.Amount) FROM UNNEST(x_Credits) AS c)), `ListCost`, '@month`'"
        " FROM `a-b.c.d` WHERE x >= @month",
        [MONTH],
    )
    assert statement.table == "a-b.c.d"
    assert "(SELECT UNNEST(x_Credits) AS c)" in statement.sql
    assert '"ListCost"' in statement.sql
    assert "'@month`'" in statement.sql
    assert statement.sql.endswith("FROM export WHERE x >= $month")
    assert statement.parameters == {"month": datetime(2026, 7, 31, 22)}  # noqa: DTZ001  # as DuckDB has it


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM `a.b.c` WHERE TRUE",
        "SELECT 1",
        "SELECT 1 FROM `a.b.c` JOIN `a.b.d` ON TRUE",
        "SELECT 1 FROM `a.b.c`; DROP TABLE export",
        "SELECT 1 FROM `a.b.c` -- WHERE FALSE",
        "SELECT 1 FROM `a.b.c` WHERE x = @unknown",
    ],
)
def test_any_other_statement_is_refused(sql: str) -> None:
    with pytest.raises(InvalidQuery):
        translate(sql, [MONTH])


def test_values_are_written_as_bigquery_writes_them() -> None:
    found = duckdb.connect().execute(
        "SELECT 1.500000000::DECIMAL(38, 9) AS n, 100::DECIMAL(38, 9) AS whole, 0.1::DOUBLE AS f,"
        " TIMESTAMP '2026-08-01 00:00:00.000001' AS t, true AS b, NULL::VARCHAR AS missing,"
        " [{'Key': 'team', 'Value': NULL::VARCHAR}] AS tags, count(*) AS c"
    )
    fields = [to_field(name, kind) for name, kind, *_ in found.description or []]
    assert [(field.name, field.type, field.repeated) for field in fields][-2:] == [
        ("tags", "RECORD", True),
        ("c", "INTEGER", False),
    ]
    [row] = [to_row(fields, values) for values in found.fetchall()]
    assert [cell["v"] for cell in row["f"]] == [
        "1.5",
        "100",
        "0.1",
        "1785542400000001",
        "true",
        None,
        [{"v": {"f": [{"v": "team"}, {"v": None}]}}],
        "1",
    ]


def test_the_export_has_the_columns_of_the_preview() -> None:
    names = [field.name for field in FIELDS]
    assert len(names) == len(set(names)) == 55
    resources = {field.name: field.resource() for field in FIELDS}
    assert resources["BilledCost"] == {"name": "BilledCost", "type": "NUMERIC", "mode": "NULLABLE"}
    assert [inner["name"] for inner in resources["x_Tags"]["fields"]] == [
        "Key",
        "Value",
        "x_Inherited",
        "x_Namespace",
    ]
