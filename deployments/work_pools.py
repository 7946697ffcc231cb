"""The work pool and its queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool, WorkQueue
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.bootstrap_result import Applied
from deployments.last_applied import AppliedObject, AppliedObjects, read_applied, write_applied
from deployments.three_way_merge import merge, pairs
from skyclust.embedded.job_template import locked_template, openings
from skyclust.orchestration.client import prefect_client

WORK_POOL: Final = "skyclust"

DESCRIPTION: Final = "Runs the flows of SkyClust as processes of its workers."

QUEUES: Final[Mapping[str, int]] = {"recovery": 1, "default": 2}
"""Each queue and its priority: recovery is served first."""

RECORD: Final = "work-pool"

_NAMES: Final = {
    "description": "description",
    "concurrency limit": "concurrency_limit",
    "paused": "is_paused",
}
"""The fields that people may change, in the words of the server."""

_EARLIER_VARIABLES: Final = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY"}
"""What an earlier version set in the template; workers are started with it now."""


def apply_work_pool(*, reset: bool = False) -> Applied:
    """Make sure that the pool and its queues are as declared and return the pool's name.

    What somebody changed (limits, pauses, priorities) stays until a reset. The job template is
    ours always: one that lets runs choose what a worker starts is closed, and that is reported.
    """
    outcome = Applied([WORK_POOL])
    with prefect_client() as client:
        before = read_applied(client, RECORD, AppliedObjects).objects
        after = {WORK_POOL: _apply_pool(client, before.get(WORK_POOL), outcome, reset=reset)}
        for queue in QUEUES:
            after[queue] = _apply_queue(client, queue, before.get(queue), outcome, reset=reset)
        write_applied(client, RECORD, AppliedObjects(objects=after))
    return outcome


def _apply_pool(
    client: SyncPrefectClient, before: AppliedObject | None, outcome: Applied, *, reset: bool
) -> AppliedObject:
    pool = _pool(client)
    applied = _of(pool.id, before)
    declared = _declared_pool()
    result = merge(declared, _pool_fields(pool), applied.fields, reset=reset)
    values = {_NAMES[field]: value for field, value in result.changes.items()}
    opened = openings(pool.base_job_template)
    if opened:
        values["base_job_template"] = locked_template()
        outcome.closed.append(_closed(pool.base_job_template, opened))
    if values:
        client.update_work_pool(WORK_POOL, WorkPoolUpdate.model_validate(values))
        pool = client.read_work_pool(WORK_POOL)
    outcome.tell(f"work pool {WORK_POOL}", result, reset=reset)
    fields = pairs(declared, _pool_fields(pool), applied.fields, result.kept)
    return AppliedObject(id=pool.id, fields=fields)


def _pool(client: SyncPrefectClient) -> WorkPool:
    try:
        return client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        pool = client.create_work_pool(
            WorkPoolCreate(
                name=WORK_POOL,
                type=ProcessWorker.type,
                description=DESCRIPTION,
                base_job_template=locked_template(),
            )
        )
        # The server makes this queue along with the pool, before any other.
        client.update_work_queue(pool.default_queue_id, priority=QUEUES["default"])
        return pool


def _declared_pool() -> dict[str, Any]:
    return {"description": DESCRIPTION, "concurrency limit": None, "paused": False}


def _pool_fields(pool: WorkPool) -> dict[str, Any]:
    """Return what the server has, in the words of `_declared_pool`."""
    return {field: getattr(pool, name) for field, name in _NAMES.items()}


def _closed(template: Mapping[str, Any], opened: list[str]) -> str:
    line = f"work pool {WORK_POOL}: runs could set {', '.join(opened)}; no run can any more"
    env = (template.get("variables") or {}).get("properties", {}).get("env") or {}
    names = sorted(set(env.get("default") or {}) - _EARLIER_VARIABLES)
    if names:
        line += f". Set {', '.join(names)} in the environment of the workers"
    return line


def _apply_queue(
    client: SyncPrefectClient,
    name: str,
    before: AppliedObject | None,
    outcome: Applied,
    *,
    reset: bool,
) -> AppliedObject:
    declared = {"priority": QUEUES[name], "concurrency limit": None, "paused": False}
    queue = _queue(client, name)
    applied = _of(queue.id, before)
    result = merge(declared, _queue_fields(queue), applied.fields, reset=reset)
    names = {
        "priority": "priority",
        "concurrency limit": "concurrency_limit",
        "paused": "is_paused",
    }
    if result.changes:
        values = {names[field]: value for field, value in result.changes.items()}
        client.update_work_queue(queue.id, **values)
        queue = _queue(client, name)
    outcome.tell(f"work queue {name}", result, reset=reset)
    fields = pairs(declared, _queue_fields(queue), applied.fields, result.kept)
    return AppliedObject(id=queue.id, fields=fields)


def _queue(client: SyncPrefectClient, name: str) -> WorkQueue:
    try:
        return client.read_work_queue_by_name(name, work_pool_name=WORK_POOL)
    except ObjectNotFound:
        return client.create_work_queue(name, work_pool_name=WORK_POOL, priority=QUEUES[name])


def _queue_fields(queue: WorkQueue) -> dict[str, Any]:
    return {
        "priority": queue.priority,
        "concurrency limit": queue.concurrency_limit,
        "paused": queue.is_paused,
    }


def _of(identifier: UUID, before: AppliedObject | None) -> AppliedObject:
    """Return what was applied to this very object, nothing when it was made anew since."""
    if before is not None and before.id == identifier:
        return before
    return AppliedObject(id=identifier)
