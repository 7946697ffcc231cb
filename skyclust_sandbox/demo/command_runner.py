"""Runs the demo's commands as people type them, one after the other or side by side."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMMAND_SECONDS: Final = 300.0
"""How long one command may take before the demo gives up on it."""

Say = Callable[[str], None]


class DemoFailed(Exception):
    """A command of the demo did not end well."""


@dataclass(frozen=True)
class _Begun:
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path


def run(*arguments: str, say: Say) -> None:
    """Show a command and run it; raises DemoFailed when it does not end well."""
    show(arguments, say=say)
    with subprocess.Popen(  # noqa: S603 - our own command line
        _command(arguments), stdin=subprocess.DEVNULL
    ) as process:
        try:
            process.wait(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise DemoFailed(f"{_line(arguments)} did not end.") from None
        except BaseException:
            process.kill()
            raise
    _expect_success(arguments, process.returncode)


def side_by_side(commands: Sequence[Sequence[str]], logs: Path, *, say: Say) -> None:
    """Show commands, run them at once, and tell of each how it ended.

    What they print goes to a log each. Raises DemoFailed when one does not end well; none
    is left running.
    """
    begun: list[_Begun] = []
    began = time.monotonic()
    try:
        for number, arguments in enumerate(commands, 1):
            show(arguments, say=say, mark=" &" if len(commands) > 1 else "")
            begun.append(_begin(arguments, logs / f"demo-{arguments[1]}-{number}.log"))
        for one in _as_they_end(begun, began + COMMAND_SECONDS):
            said = one.log.read_text(errors="replace").splitlines()
            ended = next((line for line in said if line.startswith("Completed: ")), "done")
            seconds = time.monotonic() - began
            say(f"{' '.join(one.arguments[:3])}: {ended}  ({seconds:.0f} s)")
            _expect_success(one.arguments, one.process.returncode)
    finally:
        for one in begun:
            one.process.kill()
            one.process.wait()


def show(arguments: Sequence[str], *, say: Say, mark: str = "") -> None:
    """Show a command as people type it."""
    say(f"$ {_line(arguments)}{mark}")


def _begin(arguments: Sequence[str], log: Path) -> _Begun:
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            _command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    return _Begun(tuple(arguments), process, log)


def _as_they_end(begun: Sequence[_Begun], deadline: float) -> Iterator[_Begun]:
    waiting = list(begun)
    while waiting:
        for one in [one for one in waiting if one.process.poll() is not None]:
            waiting.remove(one)
            yield one
        if time.monotonic() > deadline:
            raise DemoFailed(f"{_line(waiting[0].arguments)} did not end.")
        time.sleep(0.05)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "skyclust.cli.main", *arguments]


def _line(arguments: Sequence[str]) -> str:
    return f"skyclust {shlex.join(arguments)}"


def _expect_success(arguments: Sequence[str], code: int) -> None:
    if code != 0:
        raise DemoFailed(f"{_line(arguments)} ended with {code}.")
