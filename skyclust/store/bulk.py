"""Many rows at once, in the fastest way of each engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, insert

_Item = TypeVar("_Item")

PARAMETERS_AT_ONCE: Final = 10_000
"""Values of an IN list. A statement takes 32,766 parameters on SQLite
(https://www.sqlite.org/limits.html) and 65,535 on PostgreSQL, whose protocol counts them in
16 bits (https://www.postgresql.org/docs/15/protocol-message-formats.html)."""


def chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield the items in pieces that fit into an IN list."""
    for start in range(0, len(items), PARAMETERS_AT_ONCE):
        yield items[start : start + PARAMETERS_AT_ONCE]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, which all have the same columns: by COPY on PostgreSQL.

    On SQLite the driver executes one prepared statement for all rows, which is the fastest way:
    there is no server, so there are no round trips to save.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.execute(insert(table), rows)


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    # Here, since a command that reads SQLite need not load it.
    from psycopg import Connection as PostgresqlConnection
    from psycopg.sql import SQL, Identifier

    names = list(rows[0])
    processors = [
        table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        for name in names
    ]
    driver = connection.connection.driver_connection
    if not isinstance(driver, PostgresqlConnection):
        raise TypeError(f"COPY needs a psycopg connection, not {type(driver).__name__}.")
    statement = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(table.name), SQL(", ").join(map(Identifier, names))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    value if processor is None or value is None else processor(value)
                    for value, processor in zip(row.values(), processors, strict=True)
                ]
            )
