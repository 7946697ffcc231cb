"""How often an operation is tried, and what it may leave when that is too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skyclust.bounds import Bounds, exceeded, load_bounds
from skyclust.leftovers import what_may_be_left
from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.paths import Position
from tests.unit.flows.test_steps import lines_of, operation

BOUNDS = Bounds(attempts=5, age=timedelta(hours=2))
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def tried(attempts: int, **changes: object) -> Operation:
    update = {"attempts": attempts, **changes}
    return operation(OperationKind.CREATE, "requested").model_copy(update=update)


def test_an_operation_is_tried_so_often() -> None:
    assert exceeded(tried(4), BOUNDS, NOW) == ""
    assert exceeded(tried(5), BOUNDS, NOW) == "5 attempts of this step came to nothing"


def test_an_operation_is_tried_so_long() -> None:
    assert exceeded(tried(1), BOUNDS, NOW + timedelta(hours=1.9)) == ""
    later = NOW + timedelta(hours=2.5)
    assert exceeded(tried(1), BOUNDS, later) == "it has not come to an end in 2.5 hours"


def test_its_age_counts_anew_once_a_person_resumed_it() -> None:
    later = NOW + timedelta(days=3)
    assert exceeded(tried(1, resumed_at=later - timedelta(hours=1)), BOUNDS, later) == ""


def test_the_bounds_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_bounds() == Bounds(attempts=200, age=timedelta(hours=24))
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_ATTEMPTS", "3")
    monkeypatch.setenv("SKYCLUST_OPERATION_MAX_AGE_HOURS", "0.5")
    assert load_bounds() == Bounds(attempts=3, age=timedelta(minutes=30))


@pytest.mark.parametrize("kind", list(OperationKind))
def test_whatever_was_asked_of_the_cloud_may_have_left_something(kind: OperationKind) -> None:
    for line in lines_of(kind):
        left = what_may_be_left(operation(kind, line))
        assert bool(left) == (line is not Position.JOURNALLED), line
        assert left == "" or "eu-central-1" in left


@pytest.mark.parametrize(
    ("kind", "line", "told"),
    [
        (OperationKind.CREATE, "requested", "token t-1"),
        (OperationKind.RESIZE, "stopped", "may be stopped, though it ran"),
        (OperationKind.RESTORE, "replacing", "disks of two moments"),
        (OperationKind.DELETE, "accepted", "gone with disks and addresses left of it"),
    ],
)
def test_it_says_what_to_look_for(kind: OperationKind, line: str, told: str) -> None:
    assert told in what_may_be_left(operation(kind, line))


def test_what_a_run_brought_to_its_end_leaves_nothing_and_what_was_abandoned_may() -> None:
    at = operation(OperationKind.CREATE, "accepted").model_copy(update={"instance_id": "i-1"})
    for state in OperationState:
        left = what_may_be_left(at.model_copy(update={"state": state}))
        over = state.final and state is not OperationState.ABANDONED
        assert ("i-1" in left) is not over
