"""What keeps the runs of a deployment from starting: each a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from skyclust.embedded import prefect_api
from skyclust.embedded.job_template import openings
from skyclust.embedded.processes import is_alive
from skyclust.embedded.run_limits import full
from skyclust.embedded.runtime import read_runtime
from skyclust.errors import NotFound

START_A_WORKER: Final = "start one with `skyclust up`, in production: docker compose up -d worker"

PUT_BACK: Final = "`skyclust up` puts it back, in production: docker compose up -d bootstrap"


def obstacles(api_url: str, deployment: str) -> list[str]:
    """Return why a run of a deployment (`flow/deployment`) would not start now.

    Empty when nothing is in its way. Raises NotFound for a deployment that the server does not
    know, and what `skyclust.embedded.prefect_api.ask` raises.
    """
    found = prefect_api.ask(api_url, f"/deployments/name/{quote(deployment)}")
    pool, queue = found.get("work_pool_name"), found.get("work_queue_name")
    if not pool:
        return [f"Deployment {deployment} has no work pool: no worker will ever start its runs."]
    sentences = paused(api_url, pool, queue) + unattended(api_url, pool, queue)
    return sentences or full(api_url, found)


def worker_that_ended(home: Path, api_url: str) -> list[str]:
    """Return whether the worker of this home has ended: the server misses it half a minute later.

    Empty where another server is in use, or none was started.
    """
    runtime = read_runtime(home)
    if runtime is None or runtime.api_url != api_url or runtime.worker is None:
        return []
    if is_alive(runtime.worker):
        return []
    return [
        "The worker that `skyclust up` started has ended: `skyclust up --detach` starts it again;"
        f" its log is {runtime.worker.log}"
    ]


def paused(api_url: str, pool: str, queue: str | None) -> list[str]:
    """Return whether the pool or the queue was paused by somebody, or admits no run at all."""
    ui = api_url.removesuffix("/api")
    found = _read(api_url, f"/work_pools/{quote(pool)}")
    if found is None:
        return [f"There is no work pool {pool!r}: `skyclust up` makes it anew."]
    page = f"{ui}/work-pools/work-pool/{quote(pool)}"
    sentences = _stopped(found, f"work pool {pool!r}", page)
    if queue:
        place = f"/work_pools/{quote(pool)}/queues/{quote(queue)}"
        known = _read(api_url, place)
        if known is None:
            return [*sentences, f"There is no work queue {queue!r}: `skyclust up` makes it anew."]
        sentences += _stopped(
            known, f"work queue {queue!r} of {pool!r}", f"{page}/queue/{quote(queue)}"
        )
    return sentences


def paused_anywhere(api_url: str, pool: str) -> list[str]:
    """Return whether the pool or any of its queues was paused, or admits no run at all."""
    queues = _read(api_url, f"/work_pools/{quote(pool)}/queues/filter", {"limit": 200}) or []
    found = [paused(api_url, pool, queue) for queue in [None, *(one["name"] for one in queues)]]
    return list(dict.fromkeys(sentence for sentences in found for sentence in sentences))


def opened(api_url: str, pool: str) -> list[str]:
    """Return whether somebody gave the pool or a deployment what makes runs run anything."""
    found = _read(api_url, f"/work_pools/{quote(pool)}")
    names = openings(found["base_job_template"]) if found is not None else []
    sentences = []
    if names:
        sentences.append(
            f"Somebody changed the job template of {pool!r} ({', '.join(names)}), by which runs may"
            f" choose what a worker starts: {PUT_BACK}."
        )
    ours = {"work_pools": {"name": {"any_": [pool]}}, "limit": 200}
    for one in prefect_api.ask(api_url, "/deployments/filter", ours):
        if one["job_variables"]:
            variables = ", ".join(sorted(one["job_variables"]))
            sentences.append(
                f"Deployment {one['name']} has job variables ({variables}), which the pool refuses"
                f" with each run: {PUT_BACK}."
            )
    return sentences


def unattended(api_url: str, pool: str, queue: str | None = None) -> list[str]:
    """Return whether no worker listens to the pool, or none to the queue."""
    if not workers(api_url, pool):
        return [f"No worker listens to work pool {pool!r}: {START_A_WORKER}."]
    if queue:
        known = _read(api_url, f"/work_pools/{quote(pool)}/queues/{quote(queue)}")
        if known is not None and known["status"] == "NOT_READY":
            return [f"No worker listens to work queue {queue!r} of {pool!r}: {START_A_WORKER}."]
    return []


def workers(api_url: str, pool: str) -> list[str]:
    """Return the names of the workers of a pool that the server hears of."""
    found = _read(api_url, f"/work_pools/{quote(pool)}/workers/filter", {"limit": 200})
    return [str(one["name"]) for one in found or [] if one["status"] == "ONLINE"]


def _stopped(found: Mapping[str, Any], what: str, page: str) -> list[str]:
    if found["is_paused"]:
        return [f"The {what} is paused: resume it at {page}"]
    if found["concurrency_limit"] == 0:
        return [f"The concurrency limit of {what} is 0: raise it at {page}"]
    return []


def _read(api_url: str, path: str, content: object = None) -> Any:
    try:
        return prefect_api.ask(api_url, path, content)
    except NotFound:
        return None
