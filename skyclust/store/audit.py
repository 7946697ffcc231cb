"""The audit trail: an append-only chain of hashes, one a workspace.

Each line's hash covers the line and the hash before it; a head row has the number of lines and
the last hash. So `verify` finds a line that was changed, removed (the last line too), swapped or
inserted. Anybody who can write to the database can forge the whole chain with its head: where
that matters, note the head's hash elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue, TypeAdapter, ValidationError
from sqlalchemy import Connection, Row, func, insert, select, update

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.audit import AuditEntry, AuditHead, AuditProblem, genesis_hash
from skyclust.store.tables import audit_entries, audit_heads
from skyclust.store.types import now

_DETAIL: Final = TypeAdapter(dict[str, JsonValue])
_ROWS_AT_ONCE: Final = 1000


def append(
    connection: Connection,
    workspace_id: str,
    *,
    actor: str,
    action: str,
    object: str,  # noqa: A002  the field's name in the trail
    detail: Mapping[str, Any],
) -> AuditEntry:
    """Add a line to a workspace's trail and return it.

    Writers of one workspace wait for each other until their transactions end, so this should be
    the last statement of a unit of work. Raises NotFound for an unknown workspace,
    InvalidRequest for a detail that is not JSON.
    """
    text = _canonical_detail(detail)
    row = connection.execute(
        select(audit_heads).where(audit_heads.c.workspace_id == workspace_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no workspace {workspace_id!r}.")
    values: dict[str, Any] = {
        "workspace_id": workspace_id,
        "sequence": row.entries + 1,
        "at": now(),
        "actor": actor,
        "action": action,
        "object": object,
        "detail": text,
        "previous_hash": row.hash,
    }
    values["hash"] = _hash(values)
    connection.execute(insert(audit_entries).values(**values))
    connection.execute(
        update(audit_heads)
        .where(audit_heads.c.workspace_id == workspace_id)
        .values(entries=values["sequence"], hash=values["hash"])
    )
    return AuditEntry.model_validate(values | {"detail": json.loads(text)})


def list_all(
    connection: Connection, workspace_id: str, *, limit: int | None = None
) -> list[AuditEntry]:
    """Return the lines of a workspace's trail, oldest first; with a limit the newest lines only."""
    query = (
        select(audit_entries)
        .where(audit_entries.c.workspace_id == workspace_id)
        .order_by(audit_entries.c.sequence.desc())
        .limit(limit)
    )
    rows = reversed(connection.execute(query).all())
    return [
        AuditEntry.model_validate(dict(row._mapping) | {"detail": json.loads(row.detail)})
        for row in rows
    ]


def count_all(connection: Connection, workspace_id: str) -> int:
    """Return how many lines a workspace's trail has, as they can be counted."""
    query = select(func.count()).where(audit_entries.c.workspace_id == workspace_id)
    return connection.scalar(query) or 0


def head(connection: Connection, workspace_id: str) -> AuditHead:
    """Return the head of a workspace's trail; raises NotFound for a workspace without one."""
    row = connection.execute(
        select(audit_heads).where(audit_heads.c.workspace_id == workspace_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"Workspace {workspace_id!r} has no audit trail.")
    return AuditHead(sequence=row.entries, hash=row.hash)


def missing(connection: Connection, workspace_id: str, noted: AuditHead) -> AuditProblem | None:
    """Return the problem if a trail lacks a head that was noted earlier, None if it has it.

    A trail that was forged as a whole is consistent: only a noted head shows the forgery.
    """
    if noted.sequence == 0:
        stored: str | None = genesis_hash(workspace_id)
    else:
        stored = connection.scalars(
            select(audit_entries.c.hash).where(
                audit_entries.c.workspace_id == workspace_id,
                audit_entries.c.sequence == noted.sequence,
            )
        ).one_or_none()
    if stored == noted.hash:
        return None
    what = "is missing" if stored is None else "has another hash"
    return _problem(workspace_id, noted.sequence, f"the line that was noted as the head {what}")


def verify(connection: Connection, workspace_id: str) -> list[AuditProblem]:
    """Read the whole trail and return its problems; empty for an intact trail.

    Raises NotFound for a workspace that has no trail, not even a head.
    """
    last = head(connection, workspace_id)
    rows = connection.execute(
        select(audit_entries)
        .where(audit_entries.c.workspace_id == workspace_id)
        .order_by(audit_entries.c.sequence),
        # Of this statement alone: set on the connection they would hold for all that follow, and
        # PostgreSQL has no server-side cursor for an INSERT.
        execution_options={"yield_per": _ROWS_AT_ONCE},
    )
    return list(_problems(workspace_id, rows, count=last.sequence, last_hash=last.hash))


def _problems(
    workspace_id: str, rows: Iterable[Row[Any]], *, count: int, last_hash: str
) -> Iterable[AuditProblem]:
    expected, previous = 1, genesis_hash(workspace_id)
    for row in rows:
        if row.sequence != expected:
            missing = f"lines {expected} to {row.sequence - 1} are missing"
            yield _problem(workspace_id, expected, missing)
        if row.previous_hash != previous:
            yield _problem(workspace_id, row.sequence, "it does not follow the line before it")
        if row.hash != _hash(row._mapping):
            yield _problem(workspace_id, row.sequence, "it was changed after it was written")
        expected, previous = row.sequence + 1, row.hash
    if expected - 1 != count:
        yield _problem(workspace_id, None, f"the head counts {count} lines, not {expected - 1}")
    if previous != last_hash:
        yield _problem(workspace_id, None, "the head holds another hash than the last line")


def _problem(workspace_id: str, sequence: int | None, problem: str) -> AuditProblem:
    return AuditProblem(workspace_id=workspace_id, sequence=sequence, problem=problem)


def _hash(line: Mapping[Any, Any]) -> str:
    at: datetime = line["at"]
    covered = {
        "workspace_id": line["workspace_id"],
        "sequence": line["sequence"],
        "at": at.isoformat(timespec="microseconds"),
        "actor": line["actor"],
        "action": line["action"],
        "object": line["object"],
        "detail": line["detail"],
        "previous_hash": line["previous_hash"],
    }
    return hashlib.sha256(_canonical(covered).encode()).hexdigest()


def _canonical_detail(detail: Mapping[str, Any]) -> str:
    try:
        return _canonical(_DETAIL.validate_python(dict(detail), strict=True))
    except (ValidationError, ValueError) as error:
        raise InvalidRequest(
            "The detail of an audit entry must be JSON.",
            hint="Give text, finite numbers, true, false, null, lists and objects of them.",
        ) from error


def _canonical(value: object) -> str:
    """Return the canonical text of a JSON value: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
