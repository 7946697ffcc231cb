"""What a person reads while a command works for some seconds."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from io import StringIO

import pytest
from rich.console import Console

from skyclust.cli import steps as module
from skyclust.cli.steps import Steps


def test_a_log_has_a_line_for_each_step_and_for_one_that_lasts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STILL_SECONDS", 0.5)
    with Steps() as steps:
        steps("Starting the server")
        time.sleep(1.3)
        steps("Starting the \x1b[2Jworker")
    lines = [re.sub(r"[\d.]+", "N", line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        "[N s] Starting the server",
        "[N s] Starting the server: still at work",
        "[N s] Starting the \\xNb[NJworker",
    ]


def test_a_terminal_keeps_a_line_of_each_step_with_its_seconds() -> None:
    written = StringIO()
    console = Console(file=written, force_terminal=True, width=80, highlight=False)
    now = iter([0.0, 0.0, 6.2, 6.2, 6.5])
    both = Steps(console=console, clock=lambda: next(now))
    with suppress(ValueError), both as steps:
        steps("Starting the server")
        steps("Starting the worker")
        raise ValueError("it did not start")
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.getvalue())
    assert "✓ Starting the server  6.2 s" in lines
    assert "✗ Starting the worker  0.3 s" in lines
