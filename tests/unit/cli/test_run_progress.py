"""What a person reads while a run is followed, with a terminal and without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from prefect.states import Completed, Crashed
from rich.console import Console

from skyclust.cli.run_progress import LINE_SECONDS, SILENT_SECONDS, RunProgress
from skyclust.cli.run_waiting import LATE_AFTER, LOOK_SECONDS, Waiting
from skyclust.errors import Unavailable
from skyclust.orchestration.crash_message import message_of
from skyclust.orchestration.results import Progress
from skyclust.orchestration.runs import RunUpdate

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
RUNNING = RunUpdate("an-id", "sync", "RUNNING", "Running", "", None, created_at=NOW)
SCHEDULED = replace(RUNNING, state_type="SCHEDULED", state_name="Scheduled")


class Clock:
    """Seconds that pass when a test says so."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def counted(percent: float, words: str) -> RunUpdate:
    return replace(RUNNING, progress=Progress(percent, words))


def follow(
    clock: Clock, steps: list[tuple[float, RunUpdate]], console: Console | None = None
) -> None:
    """Show updates, each so many seconds after the one before."""
    shown = RunProgress("sync all", console=console, clock=clock, now=lambda: NOW)
    for seconds, update in steps:
        clock.seconds += seconds
        shown.update(update)


def test_a_log_has_each_state_and_the_words_of_each_noticeable_step(
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow(
        Clock(),
        [
            (0, SCHEDULED),
            (0.5, SCHEDULED),
            (1, RUNNING),
            (1, counted(10, "32 of 329 scopes read")),
            (LINE_SECONDS, counted(65, "214 of 329 scopes read")),
            (1, counted(66, "216 of 329 scopes read")),
            (SILENT_SECONDS, counted(66, "216 of 329 scopes read")),
        ],
    )
    assert capsys.readouterr().err.splitlines() == [
        "sync all: Scheduled, 0 s",
        "sync all: Running, 2 s",
        "sync all: Running, 65 %, 214 of 329 scopes read, 8 s",
        "sync all: Running, 66 %, 216 of 329 scopes read, 38 s",
    ]


def test_the_seconds_count_from_the_trigger_of_another_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow(Clock(), [(0, replace(RUNNING, created_at=NOW - timedelta(seconds=90)))])
    assert capsys.readouterr().err == "sync all: Running, 90 s\n"


def test_a_terminal_shows_percent_words_and_seconds_in_one_line() -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=100, highlight=False)
    clock = Clock()
    shown = RunProgress("sync all", console=console, clock=clock, now=lambda: NOW)
    with shown.bar:
        clock.seconds += 12
        shown.update(counted(65, "214 of 329 \x1b[31mscopes read"))
        shown.bar.refresh()
    frame = written.getvalue()
    assert "sync all: Running" in frame
    assert "65 %, 214 of 329 \\x1b[31mscopes read, 12 s" in frame


def test_each_reason_of_a_wait_is_said_once_and_soon(capsys: pytest.CaptureFixture[str]) -> None:
    clock, reasons = Clock(), [["The pool is paused."], ["The pool is paused.", "No worker."], []]
    looks = iter(reasons)
    waiting = Waiting(lambda: next(looks), clock=clock)
    for _ in reasons:
        waiting.explain(SCHEDULED)
        waiting.explain(SCHEDULED)  # at once: it is not looked again
        clock.seconds += LOOK_SECONDS
    waiting.explain(RUNNING)
    assert capsys.readouterr().err.splitlines() == [
        "The run waits. The pool is paused.",
        "The run waits. No worker.",
    ]


def test_a_run_that_is_late_for_no_known_reason_is_said_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    due = datetime.now(UTC) - LATE_AFTER
    Waiting(list).explain(replace(SCHEDULED, due_at=due))
    Waiting(list).explain(replace(SCHEDULED, due_at=due, state_type="PENDING"))
    Waiting(list).explain(replace(SCHEDULED, due_at=datetime.now(UTC)))
    late, taken = capsys.readouterr().err.splitlines()
    assert "It is late" in late
    assert "A worker took it" in taken


def test_a_look_that_fails_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def look() -> list[str]:
        raise Unavailable("The server does not answer.")

    Waiting(look).explain(SCHEDULED)
    assert capsys.readouterr().err == ""


def test_of_a_crash_prefects_first_sentence_is_passed_on() -> None:
    killed = (
        "Flow run infrastructure exited with non-zero status code -9. Process exited due to a"
        " SIGKILL signal. Typically caused by exceeding memory limits."
    )
    assert message_of(Crashed(message=killed), began=True) == (
        "The process of the run ended before the run did: Flow run infrastructure exited with"
        " non-zero status code -9."
    )
    assert message_of(Crashed(message=None), began=True) == (
        "The process of the run ended before the run did."
    )
    assert message_of(Crashed(message=killed), began=False) == (
        "No process began the run: Flow run infrastructure exited with non-zero status code -9."
        " Nothing was done; run it again."
    )
    whole = "12 scopes. All fresh."
    assert message_of(Completed(message=whole), began=True) == whole
