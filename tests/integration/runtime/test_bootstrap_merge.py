"""What people change at the server stays through every bootstrap, until a reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse

from deployments.apply_deployments import apply_deployments
from deployments.automations import RECOVERY, SEALING
from deployments.last_applied import PREFIX
from deployments.prefect_yaml import Declared, prefect_file, read_declared
from deployments.work_pools import WORK_POOL
from tests.integration.runtime.bootstrapping import bootstrap, ok

pytestmark = pytest.mark.integration

SYNC = "sync-inventory/sync-inventory"
PROVISION = "provision-instances/provision-instances"


def _client() -> SyncPrefectClient:
    return get_client(sync_client=True)


def _deployment(name: str) -> DeploymentResponse:
    with _client() as client:
        return client.read_deployment_by_name(name)


def _declared(name: str) -> Declared:
    return next(one for one in read_declared(prefect_file()) if one.name == name.split("/")[1])


def _when(deployment: DeploymentResponse) -> list[str]:
    return sorted(
        str(getattr(one.schedule, "cron", None) or getattr(one.schedule, "interval", None))
        for one in deployment.schedules
    )


FIELDS: Mapping[str, tuple[dict[str, Any], str, object]] = {
    "description": ({"description": "Ours."}, "description", "Ours."),
    "parameters": (
        {"parameters": {"kinds": ["disk"]}},
        "parameters",
        {"kinds": ["disk"]},
    ),
    "paused": ({"paused": True}, "paused", True),
    "tags": (
        {"tags": ["skyclust", "inventory", "team"]},
        "tags",
        ["skyclust", "inventory", "team"],
    ),
    "work queue": (
        {"work_pool_name": WORK_POOL, "work_queue_name": "recovery"},
        "work_queue_name",
        "recovery",
    ),
}


def test_every_field_of_a_deployment_that_somebody_changed_stays(api: httpx.Client) -> None:
    before = _deployment(SYNC)
    for change, _, _ in FIELDS.values():
        ok(api.patch(f"/deployments/{before.id}", json=change))
    ok(api.patch(f"/deployments/{before.id}", json={"concurrency_limit": 9}))

    first, second = bootstrap(), bootstrap()
    changed = _deployment(SYNC)
    put_back = bootstrap(reset=True)
    after = _deployment(SYNC)

    for name, (_, attribute, value) in FIELDS.items():
        assert getattr(changed, attribute) == value, name
        assert getattr(after, attribute) == getattr(before, attribute), name
    assert changed.global_concurrency_limit is not None
    assert changed.global_concurrency_limit.limit == 9
    assert after.global_concurrency_limit is not None
    assert after.global_concurrency_limit.limit == 4
    [line] = [one for one in second if one.startswith(f"kept: deployment {SYNC}: ")]
    assert line in first
    assert all(name in line for name in [*FIELDS, "concurrency limit"]), line
    assert any(one.startswith(f"reset: deployment {SYNC}: ") for one in put_back)
    assert bootstrap() == []


def test_a_schedule_that_somebody_added_stays_until_a_reset(api: httpx.Client) -> None:
    deployment = _deployment(SYNC)
    added = [{"schedule": {"cron": "1 2 * * *", "timezone": "UTC"}, "active": True}]
    ok(api.post(f"/deployments/{deployment.id}/schedules", json=added))
    extra = next(one for one in _deployment(SYNC).schedules if "1 2" in _cron(one))

    said = [bootstrap(), bootstrap()]
    kept = {one.id for one in _deployment(SYNC).schedules}
    reset = bootstrap(reset=True)

    assert extra.id in kept
    assert all("`1 2 * * *`, which somebody added" in " ".join(lines) for lines in said)
    assert _when(_deployment(SYNC)) == ["7 * * * *"]
    assert any("`1 2 * * *` is deleted" in line for line in reset)


def test_a_schedule_that_somebody_changed_stays_and_keeps_its_parameters(
    api: httpx.Client,
) -> None:
    deployment = _deployment(SYNC)
    [ours] = deployment.schedules
    change = {"schedule": {"cron": "3 4 * * *", "timezone": "UTC"}, "active": False}
    change |= {"parameters": {"workspace": "shop"}}
    ok(api.patch(f"/deployments/{deployment.id}/schedules/{ours.id}", json=change))

    said = [bootstrap(), bootstrap()][1]
    [changed] = _deployment(SYNC).schedules
    bootstrap(reset=True)
    [after] = _deployment(SYNC).schedules

    assert (changed.id, _cron(changed), changed.active) == (ours.id, "3 4 * * *", False)
    assert changed.parameters == {"workspace": "shop"}
    assert any("`3 4 * * *`: schedule, active, parameters" in line for line in said), said
    assert (after.id, _cron(after), after.active) == (ours.id, "7 * * * *", True)
    assert after.parameters == {}


def test_a_schedule_that_somebody_deleted_stays_deleted(api: httpx.Client) -> None:
    deployment = _deployment(RECOVERY)
    [ours] = deployment.schedules
    ok(api.delete(f"/deployments/{deployment.id}/schedules/{ours.id}"))

    said = [bootstrap(), bootstrap()][1]
    deleted = _deployment(RECOVERY).schedules
    reset = bootstrap(reset=True)

    assert deleted == []
    assert any("`every 120 s` stays deleted" in line for line in said)
    assert any("`every 120 s` is made again" in line for line in reset)
    assert len(_deployment(RECOVERY).schedules) == 1


def _cron(schedule: Any) -> str:
    return str(getattr(schedule.schedule, "cron", ""))


def test_an_upgrade_changes_what_nobody_changed_and_leaves_the_rest(api: httpx.Client) -> None:
    sync = _declared(SYNC).model_copy(update={"tags": ("skyclust", "inventory")})
    apply_deployments([sync])
    deployment = _deployment(SYNC)
    ok(api.patch(f"/deployments/{deployment.id}", json={"description": "Ours."}))
    added = [{"schedule": {"cron": "1 2 * * *", "timezone": "UTC"}, "active": True}]
    ok(api.post(f"/deployments/{deployment.id}/schedules", json=added))
    tags = ["skyclust", "inventory", "team"]
    ok(api.patch(f"/deployments/{deployment.id}", json={"tags": tags}))
    newer = sync.model_copy(
        update={
            "description": "What a newer version says.",
            "schedules": ({"cron": "9 * * * *", "timezone": "UTC"},),
            "tags": ("skyclust", "clouds"),
            "parameters": {"brake_share": 0.4},
            "concurrency_limit": None,
        }
    )

    apply_deployments([newer])
    upgraded = _deployment(SYNC)
    apply_deployments([newer])
    again = _deployment(SYNC)

    assert upgraded.description == "Ours."
    assert _when(upgraded) == ["1 2 * * *", "9 * * * *"]
    assert set(upgraded.tags) == {"skyclust", "clouds", "team"}
    assert upgraded.parameters == {"brake_share": 0.4}
    assert upgraded.global_concurrency_limit is None
    assert again.updated == upgraded.updated, "nothing is written without a reason"
    assert [one.id for one in again.schedules] == [one.id for one in upgraded.schedules]


def test_a_schedule_that_is_declared_no_longer_goes_unless_somebody_changed_it(
    api: httpx.Client,
) -> None:
    sync, sealing = _declared(SYNC), _declared(SEALING)
    changed = _deployment(SEALING)
    change = {"schedule": {"cron": "5 5 * * *", "timezone": "UTC"}}
    ok(api.patch(f"/deployments/{changed.id}/schedules/{changed.schedules[0].id}", json=change))

    apply_deployments([one.model_copy(update={"schedules": ()}) for one in (sync, sealing)])

    assert _when(_deployment(SYNC)) == []
    assert _when(_deployment(SEALING)) == ["5 5 * * *"]


def test_what_an_earlier_version_applied_is_taken_over(api: httpx.Client) -> None:
    """It kept no record of what it applied: what differs is taken for somebody's."""
    with _client() as client:
        for one in client.read_variables():
            if one.name.startswith(PREFIX):
                client.delete_variable_by_name(one.name)
    sync, provision = _deployment(SYNC), _deployment(PROVISION)
    ok(api.patch(f"/deployments/{provision.id}", json={"description": "Ours."}))
    change = {"schedule": {"cron": "3 4 * * *", "timezone": "UTC"}}
    ok(api.patch(f"/deployments/{sync.id}/schedules/{sync.schedules[0].id}", json=change))

    said = bootstrap()
    newer = _declared(SYNC).model_copy(update={"description": "Newer."})
    apply_deployments([newer])

    assert any(f"{PROVISION}: description" in line for line in said)
    assert _deployment(PROVISION).description == "Ours."
    assert _when(_deployment(SYNC)) == ["3 4 * * *"]
    assert _when(_deployment(RECOVERY)) == ["0:02:00"]
    assert _deployment(SYNC).description == "Newer."
