"""What the rules advise, and what they count as not assessed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from skyclust.costs.advice.records import (
    UNKNOWN_SAVING,
    Advice,
    AdviceAction,
    AdviceRule,
    ResourceDeletion,
)
from skyclust.costs.advice.rules import not_assessed, unused_resources
from skyclust.model.instance_action import InstanceAction
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import NOW, disk, estate, stored

YESTERDAY = NOW - timedelta(days=1)


def advise(*resources: StoredResource, **changed: object) -> list[Advice]:
    found = estate(*resources, **changed)  # type: ignore[arg-type]  # `since` alone
    return list(unused_resources(found, lambda one: UNKNOWN_SAVING, NOW))


def skipped(*resources: StoredResource, **changed: object) -> dict[AdviceRule, int]:
    found = estate(*resources, **changed)  # type: ignore[arg-type]  # `since` alone
    return {one.rule: one.number for one in not_assessed(found, NOW)}


def test_a_disk_that_nothing_uses_since_a_week() -> None:
    [one] = advise(disk("vol-1", []), disk("vol-2", ["i-1"]))
    assert (one.rule, one.resource_id) == (AdviceRule.UNATTACHED_DISK, "vol-1")
    assert one.evidence == ("attached to nothing since 2026-01-01 at least", "100 GiB")
    assert isinstance(one.action, ResourceDeletion)
    assert (one.action.kind, one.action.resource) == (ResourceKind.DISK, "vol-1")
    assert "delete the disk" in one.what_to_do


def test_a_disk_that_belongs_to_an_instance_is_used() -> None:
    assert not advise(disk("ssd:vm-7-disk-0", [], attributes={"owner": "7"}))


def test_users_that_the_cloud_does_not_list_are_not_assessed() -> None:
    unknown = disk("volume", None)
    assert not advise(unknown)
    assert skipped(unknown) == {AdviceRule.UNATTACHED_DISK: 1}


def test_a_state_that_is_known_for_a_day_is_not_assessed() -> None:
    resources = (disk("vol-1", []), stored(ResourceKind.INSTANCE, "i-1", state="stopped"))
    assert not advise(*resources, since=YESTERDAY)
    assert skipped(*resources, since=YESTERDAY) == {
        AdviceRule.UNATTACHED_DISK: 1,
        AdviceRule.STOPPED_INSTANCE: 1,
    }


@pytest.mark.parametrize("state", [ScopeState.STALE, ScopeState.FAILED, None])
def test_a_scope_that_is_not_fresh_is_not_assessed(state: ScopeState | None) -> None:
    resources = (
        disk("vol-1", [], scope_state=state),
        stored(ResourceKind.ADDRESS, "eip", attributes={"attached_to": []}, scope_state=state),
        stored(ResourceKind.SNAPSHOT, "snap", created_at=NOW.replace(year=2025), scope_state=state),
        stored(ResourceKind.INSTANCE, "i-1", state="stopped", scope_state=state),
    )
    assert not advise(*resources)
    assert skipped(*resources) == {
        AdviceRule.UNATTACHED_DISK: 1,
        AdviceRule.UNUSED_ADDRESS: 1,
        AdviceRule.OLD_SNAPSHOT: 1,
        AdviceRule.STOPPED_INSTANCE: 1,
    }


def test_what_is_tagged_as_wanted_is_left_alone() -> None:
    kept = disk("vol-1", [], tags={"skyclust:keep": "until the audit"})
    assert not advise(kept)
    assert not skipped(kept)


def test_an_address_that_nothing_uses() -> None:
    used = stored(ResourceKind.ADDRESS, "eip-2", attributes={"attached_to": ["i-1"]})
    [one] = advise(stored(ResourceKind.ADDRESS, "eip-1", attributes={"attached_to": []}), used)
    assert (one.rule, one.resource_id) == (AdviceRule.UNUSED_ADDRESS, "eip-1")


def test_an_old_snapshot_unless_an_image_uses_it() -> None:
    long_ago = NOW - timedelta(days=91)
    old, used = (
        stored(ResourceKind.SNAPSHOT, name, created_at=long_ago) for name in ("snap-1", "snap-2")
    )
    young = stored(ResourceKind.SNAPSHOT, "snap-3", created_at=NOW - timedelta(days=89))
    image = stored(ResourceKind.IMAGE, "ami-1", attributes={"snapshots": ["snap-2"]})
    [one] = advise(old, used, young, image)
    assert one.resource_id == "snap-1"
    assert one.action == ResourceDeletion(
        ResourceKind.SNAPSHOT, "snap-1", f"created {long_ago.isoformat()}"
    )


def test_a_snapshot_of_an_instance_is_deleted_by_an_operation() -> None:
    snapshot = stored(
        ResourceKind.SNAPSHOT,
        "7/before",
        provider="proxmox",
        created_at=NOW - timedelta(days=200),
        attributes={"instance": "7"},
    )
    [one] = advise(snapshot)
    assert isinstance(one.action, AdviceAction)
    assert (one.action.kind, one.action.instance, one.action.snapshot) == (
        InstanceAction.DELETE_SNAPSHOT,
        "7",
        "7/before",
    )


def test_a_snapshot_of_unknown_age_is_not_assessed() -> None:
    snapshot = stored(ResourceKind.SNAPSHOT, "snap-1")
    assert not advise(snapshot)
    assert skipped(snapshot) == {AdviceRule.OLD_SNAPSHOT: 1}


def test_an_instance_that_is_stopped_since_two_weeks() -> None:
    running = stored(ResourceKind.INSTANCE, "i-2", state="running")
    stopped = stored(ResourceKind.INSTANCE, "i-1", state="stopped", attributes={"billed": True})
    [one] = advise(stopped, running)
    assert one.evidence == (
        "stopped since 2026-01-01 at least",
        "stopped without releasing its capacity, which is billed",
    )
    assert one.action is not None
    assert one.action.kind is InstanceAction.DELETE


def test_the_id_of_advice_is_that_of_rule_and_resource() -> None:
    first, second = advise(disk("vol-1", []), disk("vol-2", []))
    [again] = advise(disk("vol-1", [], tags={"team": "shop"}))
    assert first.id == again.id != second.id
