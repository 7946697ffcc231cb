"""The work pool, its queues, and what every flow run started through it has in its environment."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from skyclust.orchestration.client import prefect_client

WORK_POOL: Final = "skyclust"

QUEUES: Final[Mapping[str, int]] = {"recovery": 1, "default": 2}
"""Each queue and its priority: recovery is served first."""

FLOW_RUN_ENVIRONMENT: Final[Mapping[str, str]] = {
    # The automation that finds dead runs counts on it, whatever a worker's own setting is.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


def apply_work_pool() -> str:
    """Make sure that the pool and its queues are there and return the pool's name.

    What an operator changed (limits, pauses, other variables) stays.
    """
    with prefect_client() as client:
        _apply_pool(client)
        for queue, priority in QUEUES.items():
            _apply_queue(client, queue, priority)
    return WORK_POOL


def _apply_pool(client: SyncPrefectClient) -> None:
    try:
        pool = client.read_work_pool(WORK_POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=WORK_POOL,
                type=ProcessWorker.type,
                description="Runs the flows of SkyClust as processes of its workers.",
                base_job_template=_with_environment(ProcessWorker.get_default_base_job_template()),
            )
        )
        return
    template = _with_environment(pool.base_job_template)
    if template != pool.base_job_template:
        client.update_work_pool(WORK_POOL, WorkPoolUpdate(base_job_template=template))


def _with_environment(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with our variables among the defaults of `env`."""
    changed = deepcopy(dict(template))
    properties = changed.setdefault("variables", {}).setdefault("properties", {})
    variable = properties.setdefault("env", {"type": "object"})
    variable["default"] = {**FLOW_RUN_ENVIRONMENT, **(variable.get("default") or {})}
    return changed


def _apply_queue(client: SyncPrefectClient, name: str, priority: int) -> None:
    try:
        queue = client.read_work_queue_by_name(name, work_pool_name=WORK_POOL)
    except ObjectNotFound:
        client.create_work_queue(name, work_pool_name=WORK_POOL, priority=priority)
        return
    if queue.priority != priority:
        client.update_work_queue(queue.id, priority=priority)
