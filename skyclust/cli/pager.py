"""Writing to stdout: at once, or through a pager where a person reads more than one screen."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from typing import Final, TextIO

OFF: Final = frozenset({"", "0", "off", "no", "false", "never", "cat"})
"""Values of SKYCLUST_PAGER that mean no pager."""


def terminal_width() -> int | None:
    """Return the columns of the terminal that stdout is, or of COLUMNS; None without either."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def has_colour(stream: TextIO | None = None) -> bool:
    """Return whether a stream, by default stdout, obeys colours and the person wants them.

    Source: https://no-color.org
    """
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and (stream or sys.stdout).isatty()


def show(text: str, *, paged: bool) -> None:
    """Write a text, by a pager if it is `paged`, a person reads, and it is longer than a screen."""
    lines = text.count("\n")
    command = _pager() if paged and lines >= shutil.get_terminal_size().lines else None
    if command is None or not _run(command, text):
        write(text)


def write(text: str) -> None:
    """Write a text to stdout; ends the command with exit code 1 when its reader is gone, and
    with an error line when it cannot be written (a full disk).

    What stdout's encoding lacks is written as its escape.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # `... | head`: nothing may be written any more, at the interpreter's end neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"Error: The output could not be written: {error.strerror}.\n")
        raise SystemExit(1) from None


def _pager() -> list[str] | None:
    """Return the command of the pager; None where no person reads, or none is wanted."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("TERM") == "dumb":
        return None
    own = os.environ.get("SKYCLUST_PAGER")
    if own is not None and own.strip().lower() in OFF:
        return None
    try:
        command = shlex.split(own or os.environ.get("PAGER") or "less")
    except ValueError:  # an unbalanced quote
        return None
    if not command or command == ["cat"] or shutil.which(command[0]) is None:
        return None
    return command


def _run(command: list[str], text: str) -> bool:
    """Return whether the pager could be started; it may be left before the end."""
    # As git has it: end at once if all fits, keep colours, leave the text on the screen.
    environment = {"LESS": "FRX"} | dict(os.environ)
    try:
        # The pager is left with its own key, however long that takes: there is no time-out.
        pager = subprocess.Popen(  # noqa: S603  the person's own PAGER
            command, stdin=subprocess.PIPE, env=environment
        )
    except OSError:
        return False
    # Ctrl-C is for the pager; this process must not end before it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        pager.communicate(text.encode("utf-8", "backslashreplace"))
    finally:
        signal.signal(signal.SIGINT, before)
    return True
