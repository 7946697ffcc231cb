"""Operations and flow runs by the beginning of their id."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, select, union
from sqlalchemy.sql import false

from skyclust.model.operation import Operation
from skyclust.store.operation_rows import of_workspace, to_operation
from skyclust.store.tables import operations, resource_versions

_FORM: Final = "00000000-0000-0000-0000-000000000000"
_DIGIT: Final = re.compile(r"[0-9a-f]")


def operations_beginning_with(
    connection: Connection, workspace_id: str, beginning: str, *, limit: int
) -> list[Operation]:
    """Return at most `limit` operations of a workspace whose id begins so, by id.

    None for a text that is not the beginning of a UUID.
    """
    query = of_workspace(workspace_id).where(_is_uuid_from(operations.c.operation_id, beginning))
    rows = connection.execute(query.order_by(operations.c.operation_id).limit(limit))
    return [to_operation(row) for row in rows]


def runs_beginning_with(
    connection: Connection, workspace_id: str, beginning: str, *, limit: int
) -> list[str]:
    """Return at most `limit` flow runs, whose id begins so, that changed a workspace's inventory.

    None for a text that is not the beginning of a UUID.
    """
    versions = resource_versions.c
    by_run = [
        select(column.label("run"))
        .where(versions.workspace_id == workspace_id, _is_uuid_from(column, beginning))
        .distinct()
        .limit(limit)
        .subquery()
        for column in (versions.run_id, versions.ended_run_id)
    ]
    runs = connection.scalars(union(*(select(each.c.run) for each in by_run)))
    return sorted(runs)[:limit]


def begins_with(
    connection: Connection, column: ColumnElement[Any], beginning: str
) -> ColumnElement[bool]:
    """Return the condition that a text begins so, by code point."""
    if connection.dialect.name == "postgresql":
        return column.startswith(beginning, autoescape=True)
    # LIKE of SQLite takes no notice of capitals, and thus does not use an index.
    return and_(column >= beginning, column < f"{beginning}\U0010ffff")


def _is_uuid_from(column: ColumnElement[Any], beginning: str) -> ColumnElement[bool]:
    """Return the condition that a UUID begins so.

    The bounds have the form of a UUID, because texts of one form have the same order in every
    collation: so the index of a PostgreSQL database serves, whatever its language is.
    """
    rest = _FORM[len(beginning) :]
    lowest = beginning + rest
    if not beginning or _DIGIT.sub("0", lowest) != _FORM:
        return false()
    return and_(
        column.between(lowest, beginning + rest.replace("0", "f")),
        column.startswith(beginning, autoescape=True),
    )
