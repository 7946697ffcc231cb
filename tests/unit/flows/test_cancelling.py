"""What a cancel makes of an operation, at every line of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from skyclust.cancelling import after_cancel, cancel_error
from skyclust.errors import Cancelled
from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.paths import Action, Position
from skyclust.steps import after_error, next_step
from tests.unit.flows.test_steps import lines_of, operation

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def cancelled(kind: OperationKind, line: str, **changes: Any) -> Operation:
    asked = {"cancel_requested_at": NOW, "cancel_requested_by": "user:ann"}
    return operation(kind, line).model_copy(update=asked | changes)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", list(OperationKind))
def test_what_was_not_begun_is_not_begun(kind: OperationKind, keep: bool) -> None:
    asked = cancelled(kind, "journalled", cancel_keep=keep)
    assert after_cancel(asked) is Position.CANCELLED
    assert "user:ann before the cloud was called" in str(cancel_error(asked))


@pytest.mark.parametrize("kind", list(OperationKind))
def test_nobody_has_cancelled_so_nothing_changes(kind: OperationKind) -> None:
    for line in lines_of(kind):
        assert after_cancel(operation(kind, line)) is None


@pytest.mark.parametrize("kind", list(OperationKind))
def test_what_is_to_be_kept_goes_on_once_it_has_begun(kind: OperationKind) -> None:
    for line in lines_of(kind):
        if line is not Position.JOURNALLED:
            kept = cancelled(kind, line, cancel_keep=True)
            assert after_cancel(kept) is None
            assert next_step(kept) == next_step(operation(kind, line))


@pytest.mark.parametrize("end", [state for state in OperationState if not state.carried_on])
def test_what_has_ended_or_waits_for_a_person_is_left(end: OperationState) -> None:
    assert after_cancel(cancelled(OperationKind.CREATE, "accepted", state=end)) is None


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (OperationKind.CREATE, "accepted"),
        (OperationKind.CREATE, "ready"),
        (OperationKind.SNAPSHOT, "accepted"),
    ],
)
def test_what_was_made_is_unmade(kind: OperationKind, line: str) -> None:
    assert after_cancel(cancelled(kind, line)) is Position.UNDOING


@pytest.mark.parametrize("kind", [OperationKind.CREATE, OperationKind.SNAPSHOT])
@pytest.mark.parametrize("line", ["requested", "uncertain"])
def test_what_may_exist_is_found_by_its_token_before_it_is_unmade(
    kind: OperationKind, line: str
) -> None:
    asked = cancelled(kind, line)
    assert after_cancel(asked) is None
    assert next_step(asked) == next_step(operation(kind, line))


@pytest.mark.parametrize("line", ["undoing", "removing", "removed"])
def test_undoing_goes_on(line: str) -> None:
    assert after_cancel(cancelled(OperationKind.CREATE, line)) is None


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (OperationKind.RESIZE, "resizing"),
        (OperationKind.RESIZE, "stopping"),
        (OperationKind.RESTORE, "reverting"),
        (OperationKind.RESTORE, "stopping"),
    ],
)
def test_a_first_change_is_begun_when_it_was_attempted(kind: OperationKind, line: str) -> None:
    assert after_cancel(cancelled(kind, line)) is Position.CANCELLED
    assert after_cancel(cancelled(kind, line, attempts=1)) is None


@pytest.mark.parametrize("kind", [OperationKind.RESIZE, OperationKind.RESTORE])
def test_a_machine_that_is_being_stopped_is_started_again_once_it_is_off(
    kind: OperationKind,
) -> None:
    assert after_cancel(cancelled(kind, "halting", attempts=1)) is None
    assert after_cancel(cancelled(kind, "stopped")) is Position.RESTORING


def test_a_restore_that_may_have_touched_a_disk_is_not_turned_back() -> None:
    attempted = cancelled(OperationKind.RESTORE, "stopped", attempts=1)
    assert after_cancel(attempted) is None
    resize = cancelled(OperationKind.RESIZE, "stopped", attempts=1)
    assert after_cancel(resize) is Position.RESTORING
    for line in ("replacing", "replacing-halted", "reverted", "starting", "ready"):
        assert after_cancel(cancelled(OperationKind.RESTORE, line)) is None


@pytest.mark.parametrize(
    "kind",
    [
        OperationKind.START,
        OperationKind.STOP,
        OperationKind.DELETE,
        OperationKind.DELETE_SNAPSHOT,
        OperationKind.ATTACH_DISK,
        OperationKind.DETACH_DISK,
    ],
)
def test_a_request_that_may_not_have_arrived_is_looked_for_and_not_repeated(
    kind: OperationKind,
) -> None:
    for line in ("requested", "uncertain"):
        step = next_step(cancelled(kind, line))
        assert step is not None
        assert (step.action, step.outcome) == (Action.CHECK_ARRIVAL, Position.ACCEPTED)
        assert not step.action.changes
    accepted = next_step(cancelled(kind, "accepted"))
    assert accepted == next_step(operation(kind, "accepted"))


def test_a_reboot_is_never_repeated() -> None:
    step = next_step(cancelled(OperationKind.REBOOT, "requested"))
    assert step is not None
    assert step.action is Action.ADMIT_UNKNOWN


@pytest.mark.parametrize("kind", list(OperationKind))
def test_a_cancelled_operation_leads_to_an_end_from_every_line(kind: OperationKind) -> None:
    for line in lines_of(kind):
        current = cancelled(kind, line)
        for _ in range(30):
            turned = after_cancel(current)
            if turned is None:
                step = next_step(current)
                if step is None:
                    break
                turned = step.outcome
            update = {"step": turned.value, "state": turned.state, "attempts": 0}
            current = current.model_copy(update=update)
        assert current.state.final, f"{kind} at {line} stays at {current.step}"


@pytest.mark.parametrize("kind", list(OperationKind))
def test_no_machine_that_ran_ends_stopped(kind: OperationKind) -> None:
    """Every way on from a machine that is off because of us begins with a start."""
    for line in lines_of(kind):
        if line in {Position.STOPPED, Position.RESIZED, Position.REVERTED, Position.RESTORING}:
            for attempts in (0, 1):
                current = cancelled(kind, line, attempts=attempts)
                turned = after_cancel(current) or Position(current.step)
                step = next_step(current.model_copy(update={"step": turned.value}))
                assert step is not None
                assert turned.state is not OperationState.CANCELLED


def test_a_line_of_a_newer_version_is_left_alone() -> None:
    newer = cancelled(OperationKind.CREATE, "levitating")
    assert after_cancel(newer) is None
    assert after_error(newer, Cancelled("by ann")) is None
