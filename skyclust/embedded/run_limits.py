"""The limits on how many runs are at work at once, where one of them is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from skyclust.embedded import prefect_api
from skyclust.embedded.worker import FLOW_RUNS_AT_ONCE, NAME_PREFIX
from skyclust.errors import NotFound

AT_WORK: Final = ("RUNNING", "PENDING")
"""States of runs that take a place of a pool and of a queue; Prefect's own query has the same
(prefect/server/database/sql/*/get-runs-from-worker-queues.sql.jinja)."""


def full(api_url: str, deployment: Mapping[str, Any]) -> list[str]:
    """Return which limits are reached, of those that a run of this deployment counts to.

    `deployment` is as the server describes it. Raises what `skyclust.embedded.prefect_api.ask`
    raises.
    """
    pool, queue = deployment["work_pool_name"], deployment.get("work_queue_name")
    ui = api_url.removesuffix("/api")
    page = f"{ui}/work-pools/work-pool/{quote(pool)}"
    place = f"/work_pools/{quote(pool)}"
    own = f"{ui}/deployments/deployment/{deployment['id']}"
    sentences = [*_of_deployment(deployment, own)]
    sentences += _of_place(api_url, place, f"work pool {pool!r}", page, {"work_pools": pool})
    if queue:
        of_queue = {"work_pools": pool, "work_pool_queues": queue}
        what, page = f"work queue {queue!r} of {pool!r}", f"{page}/queue/{quote(queue)}"
        sentences += _of_place(api_url, f"{place}/queues/{quote(queue)}", what, page, of_queue)
    return sentences or _of_workers(api_url, pool)


def _of_deployment(deployment: Mapping[str, Any], page: str) -> list[str]:
    limit = deployment.get("global_concurrency_limit") or {}
    most = limit.get("limit")
    if not limit.get("active") or most is None:
        return []
    name = deployment["name"]
    if most == 0:
        return [f"The concurrency limit of deployment {name!r} is 0: raise it at {page}"]
    if int(limit.get("active_slots") or 0) < most:
        return []
    return [_reached(f"deployment {name!r}", most, page)]


def _of_place(
    api_url: str, place: str, what: str, page: str, names: Mapping[str, str]
) -> list[str]:
    """Return that a pool or a queue is full; a limit of 0 is what `paused` says."""
    try:
        most = prefect_api.ask(api_url, place)["concurrency_limit"]
    except NotFound:
        return []
    if not most or _at_work(api_url, names) < most:
        return []
    return [_reached(what, most, page)]


def _of_workers(api_url: str, pool: str) -> list[str]:
    """Return that the embedded workers are full; those of others have limits of their own."""
    found = prefect_api.ask(api_url, f"/work_pools/{quote(pool)}/workers/filter", {"limit": 200})
    online = [one["name"] for one in found if one["status"] == "ONLINE"]
    if not online or not all(name.startswith(NAME_PREFIX) for name in online):
        return []
    most = FLOW_RUNS_AT_ONCE * len(online)
    if _at_work(api_url, {"work_pools": pool}) < most:
        return []
    return [
        f"{most} runs are at work, as many as the worker takes at once: this one begins when one"
        " of them ends."
    ]


def _at_work(api_url: str, names: Mapping[str, str]) -> int:
    """Return how many runs of a pool, or of a queue of it, are at work."""
    wanted: dict[str, Any] = {noun: {"name": {"any_": [name]}} for noun, name in names.items()}
    wanted["flow_runs"] = {"state": {"type": {"any_": list(AT_WORK)}}}
    return int(prefect_api.ask(api_url, "/flow_runs/count", wanted))


def _reached(what: str, most: int, page: str) -> str:
    return (
        f"{most} {'run is' if most == 1 else 'runs are'} at work, as many as the limit of {what}"
        f" admits: this one begins when one of them ends; the limit is at {page}"
    )
