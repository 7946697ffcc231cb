"""What a cancel makes of an operation, at every line of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skyclust.errors import Cancelled
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.cancellation import CHECK_ARRIVAL, after_cancel, cancel_error
from skyclust.operations.instance import compute_steps as compute
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.next_step import after_error, next_step
from skyclust.operations.position import Position, state_at
from tests.unit.operations.test_next_step import lines_of, operation

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def cancelled(kind: InstanceAction, line: str, **changes: Any) -> Operation:
    request = {"cancel_requested_at": NOW, "cancel_requested_by": "user:ann"}
    return operation(kind, line).model_copy(update=request | changes)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", list(InstanceAction))
def test_what_was_not_begun_is_not_begun(kind: InstanceAction, keep: bool) -> None:
    found = cancelled(kind, "journalled", cancel_keep=keep)
    assert after_cancel(found) == Position.CANCELLED
    assert "user:ann before the cloud was called" in str(cancel_error(found))


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_nobody_has_cancelled_so_nothing_changes(kind: InstanceAction) -> None:
    for line in lines_of(kind):
        assert after_cancel(operation(kind, line)) is None


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_what_is_to_be_kept_goes_on_once_it_has_begun(kind: InstanceAction) -> None:
    for line in lines_of(kind):
        if line != Position.JOURNALLED:
            kept = cancelled(kind, line, cancel_keep=True)
            assert after_cancel(kept) is None
            assert next_step(kept) == next_step(operation(kind, line))


@pytest.mark.parametrize("end", [state for state in OperationState if not state.carried_on])
def test_what_has_ended_or_waits_for_a_person_is_left(end: OperationState) -> None:
    assert after_cancel(cancelled(InstanceAction.CREATE, "accepted", state=end)) is None


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (InstanceAction.CREATE, "accepted"),
        (InstanceAction.CREATE, "ready"),
        (InstanceAction.SNAPSHOT, "accepted"),
    ],
)
def test_what_was_made_is_unmade(kind: InstanceAction, line: str) -> None:
    assert after_cancel(cancelled(kind, line)) == Position.ROLLING_BACK


@pytest.mark.parametrize("kind", [InstanceAction.CREATE, InstanceAction.SNAPSHOT])
@pytest.mark.parametrize("line", ["requested", "uncertain"])
def test_what_may_exist_is_found_by_its_token_before_it_is_unmade(
    kind: InstanceAction, line: str
) -> None:
    found = cancelled(kind, line)
    assert after_cancel(found) is None
    assert next_step(found) == next_step(operation(kind, line))


@pytest.mark.parametrize("line", ["rolling-back", "removing", "removed"])
def test_undoing_goes_on(line: str) -> None:
    assert after_cancel(cancelled(InstanceAction.CREATE, line)) is None


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (InstanceAction.RESIZE, "resizing"),
        (InstanceAction.RESIZE, "stopping"),
        (InstanceAction.RESTORE, "restoring"),
        (InstanceAction.RESTORE, "stopping"),
    ],
)
def test_a_first_change_is_begun_when_it_was_attempted(kind: InstanceAction, line: str) -> None:
    assert after_cancel(cancelled(kind, line)) == Position.CANCELLED
    assert after_cancel(cancelled(kind, line, attempts=1)) is None


@pytest.mark.parametrize("kind", [InstanceAction.RESIZE, InstanceAction.RESTORE])
def test_a_machine_that_is_being_stopped_is_started_again_once_it_is_off(
    kind: InstanceAction,
) -> None:
    assert after_cancel(cancelled(kind, "halting", attempts=1)) is None
    assert after_cancel(cancelled(kind, "stopped")) == Position.ROLLING_BACK


def test_a_restore_that_may_have_touched_a_disk_is_not_turned_back() -> None:
    attempted = cancelled(InstanceAction.RESTORE, "stopped", attempts=1)
    assert after_cancel(attempted) is None
    resize = cancelled(InstanceAction.RESIZE, "stopped", attempts=1)
    assert after_cancel(resize) == Position.ROLLING_BACK
    for line in ("replacing", "replacing-halted", "restored", "starting", "ready"):
        assert after_cancel(cancelled(InstanceAction.RESTORE, line)) is None


@pytest.mark.parametrize(
    "kind",
    [
        InstanceAction.START,
        InstanceAction.STOP,
        InstanceAction.DELETE,
        InstanceAction.DELETE_SNAPSHOT,
        InstanceAction.ATTACH_DISK,
        InstanceAction.DETACH_DISK,
    ],
)
def test_a_request_that_may_not_have_arrived_is_looked_for_and_not_repeated(
    kind: InstanceAction,
) -> None:
    for line in ("requested", "uncertain"):
        step = next_step(cancelled(kind, line))
        assert step is not None
        assert (step.action, step.outcome) == (CHECK_ARRIVAL, Position.ACCEPTED)
        assert not step.action.changes
    accepted = next_step(cancelled(kind, "accepted"))
    assert accepted == next_step(operation(kind, "accepted"))


def test_a_reboot_is_never_repeated() -> None:
    step = next_step(cancelled(InstanceAction.REBOOT, "requested"))
    assert step is not None
    assert step.action is compute.REPORT_UNKNOWN_REBOOT


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_a_cancelled_operation_leads_to_an_end_from_every_line(kind: InstanceAction) -> None:
    for line in lines_of(kind):
        current = cancelled(kind, line)
        for _ in range(30):
            turned = after_cancel(current)
            if turned is None:
                step = next_step(current)
                if step is None:
                    break
                turned = step.outcome
            update = {"step": turned, "state": state_at(turned), "attempts": 0}
            current = current.model_copy(update=update)
        assert current.state.final, f"{kind} at {line} stays at {current.step}"


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_no_machine_that_ran_ends_stopped(kind: InstanceAction) -> None:
    """Every way on from a machine that is off because of us begins with a start."""
    for line in lines_of(kind):
        if line in {
            InstancePosition.STOPPED,
            InstancePosition.RESIZED,
            InstancePosition.RESTORED,
            Position.ROLLING_BACK,
        }:
            for attempts in (0, 1):
                current = cancelled(kind, line, attempts=attempts)
                turned = after_cancel(current) or current.step
                step = next_step(current.model_copy(update={"step": turned}))
                assert step is not None
                assert state_at(turned) is not OperationState.CANCELLED


def test_a_line_of_a_newer_version_is_left_alone() -> None:
    newer = cancelled(InstanceAction.CREATE, "levitating")
    assert after_cancel(newer) is None
    assert after_error(newer, Cancelled("by ann")) is None
