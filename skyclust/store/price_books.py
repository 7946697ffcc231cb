"""Price books: every version of each, and which one holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, select, update

from skyclust.errors import NotFound
from skyclust.store import audit, workspaces
from skyclust.store.cost_choice_tables import price_books
from skyclust.store.types import now

_COLUMNS = price_books.c


@dataclass(frozen=True)
class PriceBookRecord:
    """A version of a price book: its text, who saved it and when, and when it was removed."""

    name: str
    version: int
    content: str
    digest: str
    saved_at: datetime
    saved_by: str
    removed_at: datetime | None = None


def save(
    connection: Connection, workspace_id: str, name: str, content: str, *, saved_by: str
) -> tuple[PriceBookRecord, bool]:
    """Save a version of a price book; return the version that holds and whether it is new.

    A text that the current version has already makes no new version. A book that was removed
    comes back with the next number. The change is in the audit trail. Raises NotFound for an
    unknown workspace. The caller has validated the text.
    """
    workspaces.hold(connection, workspace_id, alone=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    before = find(connection, workspace_id, name)
    if before is not None and before.digest == digest:
        return before, False
    newest = connection.scalar(select(func.max(_COLUMNS.version)).where(_is(workspace_id, name)))
    record = PriceBookRecord(
        name=name,
        version=(newest or 0) + 1,
        content=content,
        digest=digest,
        saved_at=now(),
        saved_by=saved_by,
    )
    connection.execute(insert(price_books).values(workspace_id=workspace_id, **vars(record)))
    audit.append(
        connection,
        workspace_id,
        actor=saved_by,
        action="price_book.saved",
        object=name,
        detail={
            "version": record.version,
            "digest": digest,
            "previous_digest": before.digest if before is not None else None,
        },
    )
    return record, True


def find(connection: Connection, workspace_id: str, name: str) -> PriceBookRecord | None:
    """Return the version of a price book that holds, None for an unknown or removed book."""
    versions = history(connection, workspace_id, name)
    newest = versions[0] if versions else None
    return newest if newest is not None and newest.removed_at is None else None


def get(
    connection: Connection, workspace_id: str, name: str, version: int | None = None
) -> PriceBookRecord:
    """Return the version that holds, or the one with a number; raises NotFound."""
    if version is None:
        record = find(connection, workspace_id, name)
    else:
        versions = history(connection, workspace_id, name)
        record = next((one for one in versions if one.version == version), None)
    if record is None:
        wanted = name if version is None else f"{name} version {version}"
        raise NotFound(
            f"There is no price book {wanted!r} in workspace {workspace_id!r}.",
            hint="`skyclust cost price-book list` has the price books.",
        )
    return record


def list_all(connection: Connection, workspace_id: str) -> list[PriceBookRecord]:
    """Return the version that holds of every price book, by name; removed books are left out."""
    query = (
        select(price_books).where(_COLUMNS.workspace_id == workspace_id).order_by(_COLUMNS.version)
    )
    newest = {row.name: _record(row) for row in connection.execute(query)}
    return [newest[name] for name in sorted(newest) if newest[name].removed_at is None]


def history(connection: Connection, workspace_id: str, name: str) -> list[PriceBookRecord]:
    """Return every version of a price book, newest first; empty for an unknown one."""
    query = select(price_books).where(_is(workspace_id, name)).order_by(_COLUMNS.version.desc())
    return [_record(row) for row in connection.execute(query)]


def remove(connection: Connection, workspace_id: str, name: str, *, removed_by: str) -> None:
    """Write that a price book holds no longer; its versions stay, and what it has rated.

    The change is in the audit trail. Raises NotFound for an unknown or removed book.
    """
    workspaces.hold(connection, workspace_id, alone=True)
    record = get(connection, workspace_id, name)
    connection.execute(
        update(price_books)
        .where(_is(workspace_id, name), _COLUMNS.version == record.version)
        .values(removed_at=now())
    )
    audit.append(
        connection,
        workspace_id,
        actor=removed_by,
        action="price_book.removed",
        object=name,
        detail={"version": record.version, "digest": record.digest},
    )


def _is(workspace_id: str, name: str) -> ColumnElement[bool]:
    return and_(_COLUMNS.workspace_id == workspace_id, _COLUMNS.name == name)


def _record(row: Row[Any]) -> PriceBookRecord:
    values = dict(row._mapping)
    del values["workspace_id"]
    return PriceBookRecord(**values)
