"""The journal is the program counter: every path leads to an end, whatever fails."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    ConfigurationError,
    Conflict,
    Fenced,
    InvalidRequest,
    NeverReached,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
)
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.operations.instance import compute_steps as compute
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.next_step import after_attempt, after_error, next_step
from skyclust.operations.position import Position, state_at

NOW = datetime(2026, 1, 2, tzinfo=UTC)


POSITIONS: list[str] = [*Position, *InstancePosition]


def operation(kind: InstanceAction, position: str = "journalled") -> Operation:
    return Operation(
        id="o-1",
        workspace_id="default",
        subject_kind="instance",
        kind=kind,
        credential="aws",
        provider="aws",
        region="eu-central-1",
        token="t-1",
        step=position,
        state=state_at(position),
        created_at=NOW,
        updated_at=NOW,
    )


def lines_of(kind: InstanceAction) -> list[str]:
    """The lines that an operation of a kind can stand at before its end."""
    lines: list[str] = []
    for line in POSITIONS:
        try:
            if next_step(operation(kind, line)) is not None:
                lines.append(line)
        except ConfigurationError:
            continue
    return lines


def path(kind: InstanceAction, position: str = "journalled") -> list[str]:
    """The lines written when every step succeeds."""
    written: list[str] = []
    current = operation(kind, position)
    while (step := next_step(current)) is not None:
        if step.intent is not None:
            written.append(step.intent)
        written.append(step.outcome)
        current = operation(kind, step.outcome)
        assert len(written) < 30, "the path never ends"
    return written


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (InstanceAction.CREATE, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.START, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.STOP, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.REBOOT, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.RESIZE, ["resizing", "ready", "succeeded"]),
        (InstanceAction.DELETE, ["requested", "accepted", "gone", "succeeded"]),
        (InstanceAction.SNAPSHOT, ["requested", "accepted", "succeeded"]),
        (InstanceAction.RESTORE, ["restoring", "replacing", "ready", "succeeded"]),
        (InstanceAction.DELETE_SNAPSHOT, ["requested", "accepted", "succeeded"]),
        (InstanceAction.ATTACH_DISK, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.DETACH_DISK, ["requested", "accepted", "ready", "succeeded"]),
        (InstanceAction.SET_TAGS, ["requested", "accepted", "succeeded"]),
    ],
)
def test_every_kind_goes_its_way_to_success(kind: InstanceAction, lines: list[str]) -> None:
    assert path(kind) == lines


def test_a_machine_stopped_for_a_resize_is_started_again() -> None:
    lines = ["halting", "stopped", "resized", "starting", "ready", "succeeded"]
    assert path(InstanceAction.RESIZE, "stopping") == lines


def test_a_machine_stopped_for_a_restore_is_started_again() -> None:
    lines = ["halting", "stopped", "replacing-halted", "restored", "starting", "ready"]
    assert path(InstanceAction.RESTORE, "stopping") == [*lines, "succeeded"]


def test_a_broken_snapshot_is_removed() -> None:
    assert path(InstanceAction.SNAPSHOT, "rolling-back") == ["removing", "rolled-back"]


def test_a_failed_machine_is_removed_and_a_stopped_one_restored() -> None:
    assert path(InstanceAction.CREATE, "rolling-back") == ["removing", "removed", "rolled-back"]
    assert path(InstanceAction.RESIZE, "rolling-back") == ["restarting", "restarted", "rolled-back"]


@pytest.mark.parametrize("kind", list(InstanceAction))
@pytest.mark.parametrize("end", ["succeeded", "failed", "rolled-back"])
def test_nothing_follows_the_end(kind: InstanceAction, end: str) -> None:
    assert next_step(operation(kind, end)) is None


def test_a_create_that_may_have_reached_the_cloud_is_sent_again() -> None:
    for position in ("requested", "uncertain"):
        step = next_step(operation(InstanceAction.CREATE, position))
        assert step is not None
        assert step.action is compute.CREATE


@pytest.mark.parametrize(
    "kind", [one for one in InstanceAction if one is not InstanceAction.REBOOT]
)
def test_a_request_that_may_have_reached_the_cloud_is_sent_again(kind: InstanceAction) -> None:
    first = next_step(operation(kind))
    for position in {"requested", "uncertain"} & set(lines_of(kind)):
        again = next_step(operation(kind, position))
        assert first is not None
        assert again is not None
        assert again.action is first.action


def test_a_reboot_that_may_have_reached_the_cloud_is_not_repeated() -> None:
    for position in ("requested", "uncertain"):
        step = next_step(operation(InstanceAction.REBOOT, position))
        assert step is not None
        assert step.action is compute.REPORT_UNKNOWN_REBOOT
        unknown = NeverReached("unknown")
        current = operation(InstanceAction.REBOOT, position)
        assert after_error(current, unknown) == Position.FAILED


def test_a_throttled_reboot_is_sent_again_and_a_lost_answer_is_remembered() -> None:
    current = operation(InstanceAction.REBOOT, "requested")
    assert after_attempt(current, Throttled("slow down")) == Position.JOURNALLED
    assert after_attempt(current, Conflict("busy")) == Position.JOURNALLED
    assert after_attempt(current, Unavailable("no answer")) == Position.UNCERTAIN
    assert after_attempt(current, Timeout("no answer")) == Position.UNCERTAIN


def test_a_throttled_create_stays_certain() -> None:
    current = operation(InstanceAction.CREATE, "requested")
    assert after_attempt(current, Throttled("slow down")) is None
    assert after_attempt(current, Unavailable("reply lost")) == Position.UNCERTAIN


@pytest.mark.parametrize("error", [Throttled("x"), Unavailable("x"), Timeout("x")])
@pytest.mark.parametrize("kind", list(InstanceAction))
def test_a_cloud_that_does_not_answer_leaves_the_operation_open(
    kind: InstanceAction, error: SkyClustError
) -> None:
    for position in ("journalled", "requested", "accepted"):
        if position in set(lines_of(kind)):
            assert after_error(operation(kind, position), error) is None


def test_a_busy_machine_ends_its_operation_instead_of_striking_later() -> None:
    busy = Conflict("stopping", provider="aws")
    for kind in (InstanceAction.START, InstanceAction.STOP, InstanceAction.DELETE):
        assert after_error(operation(kind, "requested"), busy) == Position.FAILED
    assert after_error(operation(InstanceAction.REBOOT), busy) == Position.FAILED
    assert after_error(operation(InstanceAction.RESIZE, "stopping"), busy) == Position.ROLLING_BACK
    assert after_error(operation(InstanceAction.CREATE, "requested"), busy) is None
    assert after_error(operation(InstanceAction.CREATE, "rolling-back"), busy) is None


def test_a_busy_store_ends_nothing() -> None:
    busy = Conflict("the database is locked")
    assert after_error(operation(InstanceAction.STOP, "requested"), busy) is None


def test_a_line_of_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(ConfigurationError, match="unknown step 'levitating'"):
        next_step(operation(InstanceAction.CREATE, "levitating"))


@pytest.mark.parametrize(
    "error",
    [InvalidRequest("no"), QuotaExceeded("no"), CapacityExhausted("no"), PermissionDenied("no")],
)
def test_a_first_call_that_is_refused_has_failed(error: SkyClustError) -> None:
    current = operation(InstanceAction.CREATE, "requested")
    assert after_error(current, error, first_call=True) == Position.FAILED


@pytest.mark.parametrize(
    "error", [AuthenticationFailed("expired"), PermissionDenied("no"), ConfigurationError("no key")]
)
@pytest.mark.parametrize("position", ["requested", "uncertain", "accepted", "ready"])
def test_an_error_about_us_never_gives_up_a_machine_that_may_exist(
    error: SkyClustError, position: str
) -> None:
    assert after_error(operation(InstanceAction.CREATE, position), error) is None


@pytest.mark.parametrize("position", ["accepted", "ready"])
def test_a_machine_that_failed_after_it_was_accepted_is_undone(position: str) -> None:
    current = operation(InstanceAction.CREATE, position)
    assert after_error(current, NeverReached("error")) == Position.ROLLING_BACK


@pytest.mark.parametrize("position", ["rolling-back", "removing", "removed"])
def test_undoing_is_never_given_up(position: str) -> None:
    current = operation(InstanceAction.CREATE, position)
    assert after_error(current, InvalidRequest("termination protection")) is None


@pytest.mark.parametrize("position", ["stopping", "halting", "stopped"])
@pytest.mark.parametrize("kind", [InstanceAction.RESIZE, InstanceAction.RESTORE])
def test_what_a_machine_was_stopped_for_is_refused_and_it_is_started_again(
    kind: InstanceAction, position: str
) -> None:
    current = operation(kind, position)
    assert after_error(current, InvalidRequest("no such type")) == Position.ROLLING_BACK


@pytest.mark.parametrize("position", ["replacing", "replacing-halted"])
def test_a_machine_with_disks_of_two_moments_is_not_started(position: str) -> None:
    current = operation(InstanceAction.RESTORE, position)
    assert after_error(current, InvalidRequest("no such snapshot")) == Position.FAILED
    assert after_error(current, Timeout("not yet")) is None


@pytest.mark.parametrize("kind", list(InstanceAction))
@pytest.mark.parametrize("position", POSITIONS)
def test_who_is_fenced_writes_nothing(kind: InstanceAction, position: str) -> None:
    assert after_error(operation(kind, position), Fenced("taken over")) is None


@pytest.mark.parametrize("kind", list(InstanceAction))
def test_every_error_at_every_line_leads_to_a_line_that_leads_on(kind: InstanceAction) -> None:
    errors = [NeverReached("x"), InvalidRequest("x"), AuthenticationFailed("x"), Unavailable("x")]
    for line in lines_of(kind):
        for error in errors:
            after = after_error(operation(kind, line), error)
            if after is not None:
                next_step(operation(kind, after))
