"""How much each instance was used, as it was read last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from skyclust.errors import trimmed
from skyclust.model.instance_metrics import InstanceMetrics, MetricsRecord, ResizeOptions
from skyclust.store import workspaces
from skyclust.store.bulk import chunks, insert_rows
from skyclust.store.metric_tables import instance_metrics
from skyclust.store.types import require_aware

_COLUMNS: Final = instance_metrics.c


def keep(  # noqa: PLR0917  # a scope of instances has three names
    connection: Connection,
    workspace_id: str,
    credential: str,
    region: str,
    summaries: Sequence[tuple[InstanceMetrics, ResizeOptions | None]],
    read_at: datetime,
) -> None:
    """Write summaries in place of the earlier ones of the same instances, and of their errors.

    Raises NotFound for an unknown workspace, InvalidRequest for a time without timezone.
    """
    moment = require_aware(read_at, "read_at")
    workspaces.hold(connection, workspace_id)
    ids = [metrics.instance_id for metrics, _ in summaries]
    _remove(connection, workspace_id, credential, region, ids)
    insert_rows(
        connection,
        instance_metrics,
        [
            _row(workspace_id, credential, region, metrics.instance_id)
            | {
                "metrics": metrics.model_dump(mode="json"),
                "options": options.model_dump(mode="json") if options else None,
                "read_at": moment,
            }
            for metrics, options in summaries
        ],
    )


def mark_failed(  # noqa: PLR0917  # a scope of instances has three names
    connection: Connection,
    workspace_id: str,
    credential: str,
    region: str,
    instance_ids: Collection[str],
    error: str,
    failed_at: datetime,
) -> None:
    """Write why instances could not be read; their last summaries stay as they are.

    Raises NotFound for an unknown workspace, InvalidRequest for a time without timezone.
    """
    failure = {"error": trimmed(error), "failed_at": require_aware(failed_at, "failed_at")}
    workspaces.hold(connection, workspace_id)
    known: set[str] = set()
    for ids in chunks(sorted(instance_ids)):
        which = _are(workspace_id, credential, region, ids)
        known |= set(connection.scalars(select(_COLUMNS.instance_id).where(which)))
        connection.execute(update(instance_metrics).where(which).values(**failure))
    insert_rows(
        connection,
        instance_metrics,
        [
            _row(workspace_id, credential, region, instance_id) | failure
            for instance_id in sorted(set(instance_ids) - known)
        ],
    )


def forget(
    connection: Connection,
    workspace_id: str,
    credential: str,
    region: str,
    instance_ids: Collection[str],
) -> None:
    """Remove what is known of instances, which are gone; raises NotFound without the workspace."""
    workspaces.hold(connection, workspace_id)
    _remove(connection, workspace_id, credential, region, sorted(instance_ids))


def list_all(
    connection: Connection, workspace_id: str, *, credentials: Sequence[str] = ()
) -> list[MetricsRecord]:
    """Return what is known, of all credentials or of those named, by credential, region and id."""
    query = select(instance_metrics).where(_COLUMNS.workspace_id == workspace_id)
    if credentials:
        query = query.where(_COLUMNS.credential.in_(credentials))
    found = [_record(row._mapping) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.credential, one.region, one.instance_id))


def _remove(
    connection: Connection,
    workspace_id: str,
    credential: str,
    region: str,
    instance_ids: Sequence[str],
) -> None:
    for ids in chunks(instance_ids):
        which = _are(workspace_id, credential, region, ids)
        connection.execute(delete(instance_metrics).where(which))


def _are(
    workspace_id: str, credential: str, region: str, instance_ids: Sequence[str]
) -> ColumnElement[bool]:
    return and_(
        _COLUMNS.workspace_id == workspace_id,
        _COLUMNS.credential == credential,
        _COLUMNS.region == region,
        _COLUMNS.instance_id.in_(instance_ids),
    )


def _row(workspace_id: str, credential: str, region: str, instance_id: str) -> dict[str, Any]:
    return {
        "workspace_id": workspace_id,
        "credential": credential,
        "region": region,
        "instance_id": instance_id,
        "metrics": None,
        "options": None,
        "read_at": None,
        "error": None,
        "failed_at": None,
    }


def _record(row: Mapping[Any, Any]) -> MetricsRecord:
    values = {str(name): value for name, value in row.items() if name != "workspace_id"}
    return MetricsRecord.model_validate(values | {"error": values["error"] or ""})
