"""The work pool, its queues, and what every flow run started through it has in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool, WorkQueue
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.applied import AppliedObject, AppliedObjects, read_applied, write_applied
from deployments.merging import Merge, merge, pairs
from deployments.outcome import Applied
from skyclust.orchestration.client import prefect_client

WORK_POOL: Final = "skyclust"

DESCRIPTION: Final = "Runs the flows of SkyClust as processes of its workers."

QUEUES: Final[Mapping[str, int]] = {"recovery": 1, "default": 2}
"""Each queue and its priority: recovery is served first."""

FLOW_RUN_ENVIRONMENT: Final[Mapping[str, str]] = {
    # The automation that finds dead runs counts on it, whatever a worker's own setting is.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}

RECORD: Final = "work-pool"

_VARIABLE: Final = "variable "
"""How the field of an environment variable begins; its name follows."""


def apply_work_pool(*, reset: bool = False) -> Applied:
    """Make sure that the pool and its queues are as declared and return the pool's name.

    What somebody changed (limits, pauses, priorities, the template, variables) stays until a
    reset.
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
    declared, present = _declared_pool(), _pool_fields(pool)
    if reset:
        # Variables of others are no part of the declaration.
        declared |= {field: None for field in present if field not in declared}
    result = merge(declared, present, applied.fields, reset=reset)
    if result.changes:
        client.update_work_pool(WORK_POOL, _pool_update(present | result.changes, result))
        pool = client.read_work_pool(WORK_POOL)
    outcome.tell(f"work pool {WORK_POOL}", result, reset=reset)
    fields = pairs(_declared_pool(), _pool_fields(pool), applied.fields, result.kept)
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
                base_job_template=_template(_declared_pool()),
            )
        )
        # The server makes this queue along with the pool, before any other.
        client.update_work_queue(pool.default_queue_id, priority=QUEUES["default"])
        return pool


def _declared_pool() -> dict[str, Any]:
    return {
        "description": DESCRIPTION,
        "concurrency limit": None,
        "paused": False,
        "template": _without_variables(ProcessWorker.get_default_base_job_template()),
        **{f"{_VARIABLE}{name}": value for name, value in FLOW_RUN_ENVIRONMENT.items()},
    }


def _pool_fields(pool: WorkPool) -> dict[str, Any]:
    """Return what the server has, in the words of `_declared_pool`; each variable by itself."""
    variables = _variables(pool.base_job_template)
    return {
        "description": pool.description,
        "concurrency limit": pool.concurrency_limit,
        "paused": pool.is_paused,
        "template": _without_variables(pool.base_job_template),
        **{f"{_VARIABLE}{name}": value for name, value in variables.items()},
    }


def _pool_update(fields: Mapping[str, Any], result: Merge) -> WorkPoolUpdate:
    values: dict[str, Any] = {}
    names = {
        "description": "description",
        "concurrency limit": "concurrency_limit",
        "paused": "is_paused",
    }
    for field in result.changes:
        if field in names:
            values[names[field]] = fields[field]
        else:
            values["base_job_template"] = _template(fields)
    return WorkPoolUpdate.model_validate(values)


def _template(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the job template with the variables among the defaults of its `env`."""
    template: dict[str, Any] = deepcopy(fields["template"])
    properties = template.setdefault("variables", {}).setdefault("properties", {})
    properties.setdefault("env", {"type": "object"})["default"] = {
        field.removeprefix(_VARIABLE): value
        for field, value in fields.items()
        if field.startswith(_VARIABLE) and value is not None
    }
    return template


def _variables(template: Mapping[str, Any]) -> dict[str, Any]:
    env = template.get("variables", {}).get("properties", {}).get("env", {})
    return dict(env.get("default") or {})


def _without_variables(template: Mapping[str, Any]) -> dict[str, Any]:
    bare = deepcopy(dict(template))
    bare.get("variables", {}).get("properties", {}).get("env", {}).pop("default", None)
    return bare


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
