"""The history of a scope's resources, as periods in which each was the same."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, or_, select

from skyclust.model.resource_period import ResourcePeriod
from skyclust.model.scope import ScopeKey
from skyclust.store.retention import refusal
from skyclust.store.tables import resource_versions
from skyclust.store.types import require_aware
from skyclust.store.versions import in_scope

_VERSIONS: Final = resource_versions.c


def list_periods(
    connection: Connection, workspace_id: str, key: ScopeKey, *, start: datetime, end: datetime
) -> list[ResourcePeriod]:
    """Return what the resources of a scope were in [start, end), by id and time.

    A period that only overlaps the range is whole. Raises InvalidRequest for a time without
    timezone, and for a start whose versions may have been pruned.
    """
    first, last = require_aware(start, "start"), require_aware(end, "end")
    if error := refusal(connection, workspace_id, first):
        raise error
    query = select(resource_versions).where(
        in_scope(workspace_id, key),
        _VERSIONS.valid_from < last,
        or_(_VERSIONS.valid_to.is_(None), _VERSIONS.valid_to > first),
    )
    periods = [
        ResourcePeriod(
            credential=row.credential,
            provider=row.provider,
            region=row.region,
            kind=row.kind,
            id=row.resource_id,
            name=row.name,
            zone=row.zone,
            state=row.state,
            tags=row.tags,
            attributes=row.attributes,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in connection.execute(query)
    ]
    # Sorted here: the order of text depends on how a PostgreSQL database was created.
    return sorted(periods, key=lambda one: (one.id, one.valid_from))
