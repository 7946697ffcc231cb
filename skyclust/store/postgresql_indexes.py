"""The indexes of a part of a table, as PostgreSQL has them (`skyclust.store.tables` says why)."""

from __future__ import annotations

from sqlalchemy import MetaData


def describe_for_postgresql(tables: MetaData) -> None:
    """Let every index that is of a part of a table on SQLite be so on PostgreSQL."""
    for table in tables.tables.values():
        for index in table.indexes:
            part = index.dialect_options["sqlite"]["where"]
            index.dialect_options["postgresql"]["where"] = part
