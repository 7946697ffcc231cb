"""Ids of 150 characters and more, as Azure has them, in tables that people read."""

from __future__ import annotations

from typing import Any, Final

from skyclust.orchestration.artifacts import Row

LONGEST: Final = 40
"""Characters of an id that a table shows whole: a UUID has 36."""

FULL_ID: Final = "full id"
"""The last column of a table in which an id was shortened. Prefect's tables show no links and do
not break lines, so the id is where it is in nobody's way, and is found by the table's search."""

_HEAD: Final = 22
_TAIL: Final = 16


def short_id(identifier: str) -> str:
    """Return an id of at most LONGEST characters: the end of a path, else both ends of the id."""
    if len(identifier) <= LONGEST:
        return identifier
    end = "/".join(identifier.split("/")[-2:])
    if "/" in identifier and len(end) <= LONGEST - 2:
        return f"…/{end}"
    return f"{identifier[:_HEAD]}…{identifier[-_TAIL:]}"


def with_short_ids(rows: list[Row]) -> list[Row]:
    """Return a table's rows with short ids, and the whole ids last where one was shortened."""
    whole = [str(row["id"] or "") for row in rows]
    if all(len(identifier) <= LONGEST for identifier in whole):
        return rows
    return [
        row | {"id": short_id(identifier), FULL_ID: identifier}
        for row, identifier in zip(rows, whole, strict=True)
    ]


def with_whole_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows that were read of a table, each with its whole id again."""
    return [
        {name: value for name, value in row.items() if name != FULL_ID}
        | ({"id": row[FULL_ID]} if FULL_ID in row else {})
        for row in rows
    ]
