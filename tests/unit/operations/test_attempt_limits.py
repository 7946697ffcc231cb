"""How often an operation is tried, and what it may leave when that is too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.attempt_limits import (
    AttemptLimits,
    exceeded_limit,
    load_attempt_limits,
)
from skyclust.operations.instance.leftovers import what_may_be_left
from skyclust.operations.position import Position
from tests.unit.operations.test_next_step import lines_of, operation

LIMITS = AttemptLimits(attempts=5, age=timedelta(hours=2))
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def tried(attempts: int, **changes: object) -> Operation:
    update = {"attempts": attempts, **changes}
    return operation(InstanceAction.CREATE, "requested").model_copy(update=update)


def test_an_operation_is_tried_so_often() -> None:
    assert exceeded_limit(tried(4), LIMITS, NOW) == ""
    assert exceeded_limit(tried(5), LIMITS, NOW) == "5 attempts of this step had no result"


def test_an_operation_is_tried_so_long() -> None:
    assert exceeded_limit(tried(1), LIMITS, NOW + timedelta(hours=1.9)) == ""
    later = NOW + timedelta(hours=2.5)
    assert exceeded_limit(tried(1), LIMITS, later) == "it has not ended in 2.5 hours"


def test_its_age_counts_anew_once_a_person_resumed_it() -> None:
    later = NOW + timedelta(days=3)
    assert exceeded_limit(tried(1, resumed_at=later - timedelta(hours=1)), LIMITS, later) == ""


def test_the_bounds_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_attempt_limits() == AttemptLimits(attempts=200, age=timedelta(hours=24))
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_ATTEMPTS", "3")
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_AGE_HOURS", "0.5")
    assert load_attempt_limits() == AttemptLimits(attempts=3, age=timedelta(minutes=30))


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_whatever_may_have_reached_the_cloud_may_have_left_something(kind: InstanceAction) -> None:
    for line in lines_of(kind):
        left = what_may_be_left(operation(kind, line))
        assert bool(left) == (line != Position.JOURNALLED), line
        assert left == "" or "eu-central-1" in left


@pytest.mark.parametrize(
    ("kind", "line", "text"),
    [
        (InstanceAction.CREATE, "requested", "token t-1"),
        (InstanceAction.RESIZE, "stopped", "may be stopped, though it ran"),
        (InstanceAction.RESTORE, "replacing", "disks of two points in time"),
        (InstanceAction.DELETE, "accepted", "gone with disks and addresses left of it"),
    ],
)
def test_it_says_what_to_look_for(kind: InstanceAction, line: str, text: str) -> None:
    assert text in what_may_be_left(operation(kind, line))


def test_what_a_run_brought_to_its_end_leaves_nothing_and_what_was_abandoned_may() -> None:
    at = operation(InstanceAction.CREATE, "accepted").model_copy(update={"subject_id": "i-1"})
    for state in OperationState:
        left = what_may_be_left(at.model_copy(update={"state": state}))
        over = state.final and state is not OperationState.ABANDONED
        assert ("i-1" in left) is not over
