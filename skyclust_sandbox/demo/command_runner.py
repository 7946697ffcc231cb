"""Run the commands of the demo as people type them, in sequence or in parallel."""

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
"""The time limit of a command."""

Say = Callable[[str], None]


class DemoFailed(Exception):
    """A command of the demo failed."""


@dataclass(frozen=True)
class _Running:
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path


def run(*arguments: str, say: Say) -> None:
    """Show a command and run it; raises DemoFailed when it fails or exceeds its time limit."""
    show(arguments, say=say)
    with subprocess.Popen(  # noqa: S603 - the product's own command line
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


def run_in_parallel(commands: Sequence[Sequence[str]], logs: Path, *, say: Say) -> None:
    """Show commands, run them in parallel, and report the result of each.

    Each command writes to a log of its own. Raises DemoFailed when one of them fails; none is left
    running.
    """
    running: list[_Running] = []
    start = time.monotonic()
    try:
        for number, arguments in enumerate(commands, 1):
            show(arguments, say=say, mark=" &" if len(commands) > 1 else "")
            running.append(_start(arguments, logs / f"demo-{arguments[1]}-{number}.log"))
        for command in _in_order_of_end(running, start + COMMAND_SECONDS):
            output = command.log.read_text(errors="replace").splitlines()
            result = next((line for line in output if line.startswith("Completed: ")), "done")
            seconds = time.monotonic() - start
            say(f"{' '.join(command.arguments[:3])}: {result}  ({seconds:.0f} s)")
            _expect_success(command.arguments, command.process.returncode)
    finally:
        for command in running:
            command.process.kill()
            command.process.wait()


def show(arguments: Sequence[str], *, say: Say, mark: str = "") -> None:
    """Show a command as people type it."""
    say(f"$ {_line(arguments)}{mark}")


def _start(arguments: Sequence[str], log: Path) -> _Running:
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - the product's own command line
            _command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    return _Running(tuple(arguments), process, log)


def _in_order_of_end(running: Sequence[_Running], deadline: float) -> Iterator[_Running]:
    waiting = list(running)
    while waiting:
        for command in [command for command in waiting if command.process.poll() is not None]:
            waiting.remove(command)
            yield command
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
