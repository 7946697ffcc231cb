"""What people change at the pool, its queues, automations and limits stays until a reset."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from deployments.apply_automations import apply_automations
from deployments.limits import apply_limits
from deployments.work_pools import DESCRIPTION, WORK_POOL
from skyclust.orchestration.limits import OPERATIONS_AT_ONCE
from skyclust.store import credentials
from skyclust.store.engine import open_store
from tests.integration.runtime.bootstrapping import bootstrap, ok

pytestmark = pytest.mark.integration


def test_what_somebody_changed_at_the_pool_and_its_queues_stays(api: httpx.Client) -> None:
    change = {"concurrency_limit": 7, "description": "Ours."}
    ok(api.patch(f"/work_pools/{WORK_POOL}", json=change | {"is_paused": True}))
    queue = f"/work_pools/{WORK_POOL}/queues/recovery"
    ok(api.patch(queue, json={"concurrency_limit": 3, "is_paused": True}))
    priority = ok(api.get(queue))["priority"]

    said = [bootstrap(), bootstrap()][1]
    pool, changed = ok(api.get(f"/work_pools/{WORK_POOL}")), ok(api.get(queue))
    bootstrap(reset=True)
    pool_after, queue_after = ok(api.get(f"/work_pools/{WORK_POOL}")), ok(api.get(queue))

    assert (pool["concurrency_limit"], pool["description"], pool["is_paused"]) == (7, "Ours.", True)
    assert (changed["concurrency_limit"], changed["is_paused"]) == (3, True)
    assert any("work pool" in line and "concurrency limit" in line for line in said)
    assert any("work queue recovery" in line for line in said)
    assert (pool_after["concurrency_limit"], pool_after["description"]) == (None, DESCRIPTION)
    assert pool_after["is_paused"] is False
    assert (queue_after["concurrency_limit"], queue_after["is_paused"]) == (None, False)
    assert queue_after["priority"] == priority


def _automations(api: httpx.Client) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in ok(api.post("/automations/filter", json={"limit": 200}))}


def test_automations_that_somebody_changed_disabled_or_deleted_stay_so(api: httpx.Client) -> None:
    changed, disabled, deleted, *_ = apply_automations().names
    before = _automations(api)
    values = {
        key: value
        for key, value in before[changed].items()
        if key not in {"id", "created", "updated", "account"}
    }
    values["trigger"] = values["trigger"] | {"within": 7000.0}
    ok(api.put(f"/automations/{before[changed]['id']}", json=values))
    ok(api.patch(f"/automations/{before[disabled]['id']}", json={"enabled": False}))
    ok(api.delete(f"/automations/{before[deleted]['id']}"))

    said = [bootstrap(), bootstrap()][1]
    kept = _automations(api)
    bootstrap(reset=True)
    after = _automations(api)

    assert kept[changed]["trigger"]["within"] == 7000.0
    assert kept[disabled]["enabled"] is False
    assert deleted not in kept
    assert {
        f"kept: automation {changed!r}: trigger",
        f"kept: automation {disabled!r}: enabled",
    } <= {*said}
    assert any(deleted in line and "stays deleted" in line for line in said)
    assert after[changed]["trigger"]["within"] == before[changed]["trigger"]["within"]
    assert after[disabled]["enabled"] is True
    assert deleted in after


def test_a_credentials_limit_is_put_back_by_a_reset_alone(api: httpx.Client) -> None:
    store = open_store()
    with store.writing() as connection:
        credentials.add(
            connection, "default", name="kept", provider="aws", block_name="default--kept"
        )
    [name] = apply_limits(store).names
    ok(api.patch(f"/v2/concurrency_limits/{name}", json={"limit": 3, "active": False}))

    apply_limits(store)
    kept = ok(api.get(f"/v2/concurrency_limits/{name}"))
    reset = apply_limits(store, reset=True)
    after = ok(api.get(f"/v2/concurrency_limits/{name}"))

    assert (kept["limit"], kept["active"]) == (3, False)
    assert reset.changed == [f"concurrency limit {name}"]
    assert (after["limit"], after["active"]) == (OPERATIONS_AT_ONCE, True)
