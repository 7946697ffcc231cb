"""Version rows: what a resource was from one moment until another.

Callers hold the scope's lock and the credential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from skyclust.model.resource import ChangeKind, Resource
from skyclust.model.scope import ScopeKey
from skyclust.store.bulk import chunks, insert_rows
from skyclust.store.tables import resource_versions
from skyclust.store.types import now


@dataclass(frozen=True, slots=True)
class OpenVersion:
    """What a scope's rows are compared by; `newer` says observed after the moment asked for."""

    version_id: int
    fingerprint: str
    newer: bool


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A resource to write, and the version it takes the place of, if any."""

    resource: Resource
    fingerprint: str
    previous_version_id: int | None


def open_versions(
    connection: Connection, workspace_id: str, key: ScopeKey, moment: datetime
) -> dict[str, OpenVersion]:
    """Return the open version of each resource of a scope, by the resource's id."""
    # The engine compares the times: to read 20,000 of them would cost more than all else.
    rows = connection.execute(
        select(
            resource_versions.c.resource_id,
            resource_versions.c.version_id,
            resource_versions.c.fingerprint,
            resource_versions.c.observed_at > moment,
        ).where(in_scope(workspace_id, key), resource_versions.c.valid_to.is_(None))
    )
    return {row[0]: OpenVersion(row[1], row[2], bool(row[3])) for row in rows}


def gone_since(
    connection: Connection, workspace_id: str, key: ScopeKey, moment: datetime
) -> set[str]:
    """Return the ids of a scope's resources that were found gone after a moment."""
    rows = connection.scalars(
        select(resource_versions.c.resource_id).where(
            in_scope(workspace_id, key),
            resource_versions.c.ended_by == ChangeKind.GONE.value,
            resource_versions.c.valid_to > moment,
        )
    )
    return set(rows)


def moment_of_writing(connection: Connection, workspace_id: str, key: ScopeKey) -> datetime:
    """Return now, or the scope's newest version where its writer's clock ran ahead of ours.

    Versions of a resource must follow each other.
    """
    newest: datetime | None = connection.scalar(
        select(func.max(resource_versions.c.valid_from)).where(
            in_scope(workspace_id, key), resource_versions.c.valid_to.is_(None)
        )
    )
    return now() if newest is None else max(now(), newest)


def write_versions(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    versions: Sequence[NewVersion],
    *,
    at: datetime,
    observed_at: datetime,
    run_id: str | None,
) -> None:
    """Write versions that are valid from `at` on, and end those that they take the place of."""
    replaced = [one.previous_version_id for one in versions if one.previous_version_id is not None]
    first_seen = _first_seen(connection, workspace_id, replaced)
    end_versions(connection, workspace_id, replaced, ChangeKind.CHANGED, at=at, run_id=run_id)
    place = {"workspace_id": workspace_id, **key.model_dump(mode="json")}
    rows = [
        place
        | _columns(one)
        | {
            "first_seen_at": first_seen.get(one.previous_version_id, at),
            "observed_at": observed_at,
            "valid_from": at,
            "run_id": run_id,
        }
        for one in versions
    ]
    insert_rows(connection, resource_versions, rows)


def end_versions(
    connection: Connection,
    workspace_id: str,
    version_ids: Sequence[int],
    ended_by: ChangeKind,
    *,
    at: datetime,
    run_id: str | None,
) -> None:
    """Let versions be valid until `at` only."""
    for some in chunks(version_ids):
        connection.execute(
            update(resource_versions)
            .where(
                resource_versions.c.workspace_id == workspace_id,
                resource_versions.c.version_id.in_(some),
            )
            .values(valid_to=at, ended_by=ended_by.value, ended_run_id=run_id)
        )


def in_scope(workspace_id: str, key: ScopeKey) -> ColumnElement[bool]:
    """Return the condition that a version row is of a scope."""
    return and_(
        resource_versions.c.workspace_id == workspace_id,
        resource_versions.c.credential == key.credential,
        resource_versions.c.region == key.region,
        resource_versions.c.kind == key.kind.value,
    )


def _first_seen(
    connection: Connection, workspace_id: str, version_ids: Sequence[int]
) -> Mapping[int | None, datetime]:
    found: dict[int | None, datetime] = {}
    for some in chunks(version_ids):
        rows = connection.execute(
            select(resource_versions.c.version_id, resource_versions.c.first_seen_at).where(
                resource_versions.c.workspace_id == workspace_id,
                resource_versions.c.version_id.in_(some),
            )
        )
        found |= {row.version_id: row.first_seen_at for row in rows}
    return found


def _columns(version: NewVersion) -> dict[str, Any]:
    resource = version.resource
    return {
        "resource_id": resource.id,
        "provider": resource.provider,
        "name": resource.name,
        "zone": resource.zone,
        "state": resource.state,
        "native_state": resource.native_state,
        "tags": resource.tags,
        "created_at": resource.created_at,
        "attributes": resource.attributes,
        "fingerprint": version.fingerprint,
        "previous_version_id": version.previous_version_id,
    }
