"""Results of DuckDB as BigQuery's REST API writes them.

Every value is a text, a row is {"f": [{"v": ...}]}, a TIMESTAMP has microseconds, a record is a row
and a repeated field a list (https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from skyclust_sandbox.gcp.bigquery.columns import Field

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_TYPES: Final = {
    "bigint": "INTEGER",
    "boolean": "BOOLEAN",
    "decimal": "NUMERIC",
    "double": "FLOAT",
    "hugeint": "INTEGER",
    "integer": "INTEGER",
    "timestamp": "TIMESTAMP",
    "varchar": "STRING",
}


def to_field(name: str, kind: Any) -> Field:
    """Return the field of a column of a result; `kind` is a `duckdb.DuckDBPyType`."""
    if kind.id == "list":
        inner = to_field(name, kind.children[0][1])
        return Field(name, inner.type, True, inner.fields)
    if kind.id == "struct":
        fields = tuple(to_field(each, inner) for each, inner in kind.children)
        return Field(name, "RECORD", False, fields)
    return Field(name, _TYPES[kind.id])


def to_row(fields: list[Field], values: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row."""
    return {"f": [{"v": _cell(field, value)} for field, value in zip(fields, values, strict=True)]}


def _cell(field: Field, value: Any) -> Any:
    if field.repeated:
        return [{"v": _single(field, item)} for item in value or []]
    return _single(field, value)


def _single(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.fields:
        return to_row(list(field.fields), tuple(value[inner.name] for inner in field.fields))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str((value.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return repr(value) if isinstance(value, float) else str(value)
