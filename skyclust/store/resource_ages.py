"""How long resources are as they are, which were resized, and which are gone since a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, or_, select

from skyclust.model.resource import ChangeKind, ResourceKind
from skyclust.model.stored import StoredResource
from skyclust.store.tables import resource_versions
from skyclust.store.types import require_aware

ResourceKey = tuple[str, str, str, str]
"""Credential, region, kind and id: what names one resource within a workspace."""

_VERSIONS: Final = resource_versions.c
_STORED: Final = TypeAdapter(list[StoredResource])


def unchanged_since(connection: Connection, workspace_id: str) -> dict[ResourceKey, datetime]:
    """Return since when each resource that is there is known to be as it is now.

    Any change counts, that of a tag too: the resource may be as it is for longer.
    """
    rows = connection.execute(
        select(
            _VERSIONS.credential,
            _VERSIONS.region,
            _VERSIONS.kind,
            _VERSIONS.resource_id,
            _VERSIONS.valid_from,
        ).where(_VERSIONS.workspace_id == workspace_id, _VERSIONS.valid_to.is_(None))
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in rows}


def resized_at(
    connection: Connection, workspace_id: str, since: datetime
) -> dict[ResourceKey, datetime]:
    """Return when instances that had another type at or after a time got the one that they have.

    Raises InvalidRequest for a time without timezone.
    """
    rows = connection.execute(
        select(
            _VERSIONS.credential,
            _VERSIONS.region,
            _VERSIONS.kind,
            _VERSIONS.resource_id,
            _VERSIONS.valid_from,
            _VERSIONS.attributes["type"].label("type"),
        )
        .where(
            _VERSIONS.workspace_id == workspace_id,
            _VERSIONS.kind == ResourceKind.INSTANCE.value,
            or_(_VERSIONS.valid_to.is_(None), _VERSIONS.valid_to > require_aware(since, "since")),
        )
        .order_by(_VERSIONS.valid_from)
    )
    types: dict[ResourceKey, Any] = {}
    resized: dict[ResourceKey, datetime] = {}
    for row in rows:
        key = (row[0], row[1], row[2], row[3])
        if key in types and types[key] != row.type:
            resized[key] = row.valid_from
        types[key] = row.type
    return resized


def gone_since(connection: Connection, workspace_id: str, time: datetime) -> list[StoredResource]:
    """Return the resources that were seen to be gone after a time, as they were last.

    One that came back is among them. Raises InvalidRequest for a time without timezone.
    """
    rows = connection.execute(
        select(resource_versions).where(
            _VERSIONS.workspace_id == workspace_id,
            _VERSIONS.ended_by == ChangeKind.GONE.value,
            _VERSIONS.valid_to > require_aware(time, "time"),
        )
    )
    found: list[dict[str, Any]] = [dict(row._mapping) for row in rows]
    stored = _STORED.validate_python([row | {"id": row["resource_id"]} for row in found])
    # Sorted here: the order of text depends on how a PostgreSQL database was created.
    return sorted(stored, key=lambda one: (one.credential, one.region, one.kind, one.id))
