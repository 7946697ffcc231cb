"""Pictures of a terminal: real commands on a pseudo-terminal, and an SVG of what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS: Final = 100
FIRST_LINES, LAST_LINES = 12, 6
"""Lines of a command's output that a picture shows: how it begins, and the result at its end."""

_TALL: Final = 2000
"""Lines of the terminal: none is scrolled away, and no output is paged."""

_SEQUENCE: Final = re.compile(r"\x1b\[(?P<numbers>[\d;?]*)(?P<kind>[A-Za-z])|\x1b\][^\x07]*\x07")
_FONTS: Final = 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace'


@dataclass(frozen=True)
class Shown:
    """A command as somebody types it, and what the terminal shows when it has ended."""

    command: str
    output: str
    code: int


def type_command(command: str, *, environment: Mapping[str, str], seconds: float) -> Shown:
    """Run a shell command on a terminal of its own; raises TimeoutError when it does not end."""
    outside, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", _TALL, COLUMNS, 0, 0))
    with subprocess.Popen(
        ["bash", "-c", command],
        env={**environment, "TERM": "xterm-256color", "PAGER": "cat"},
        stdin=subprocess.DEVNULL,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    ) as process:
        os.close(inside)
        try:
            written = _read_to_the_end(outside, time.monotonic() + seconds)
            code = process.wait(timeout=30)
        finally:
            process.kill()
            os.close(outside)
    return Shown(command, screen(written.decode(errors="replace")), code)


def _read_to_the_end(terminal: int, deadline: float) -> bytes:
    written = b""
    while time.monotonic() < deadline:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux: nobody has the other side any more
            return written
        if not part:
            return written
        written += part
    raise TimeoutError(f"the command did not end:\n{written.decode(errors='replace')}")


def screen(written: str) -> str:
    """Return the lines that a terminal shows in the end, with their colours.

    Understands what rich writes: a progress bar goes up some lines, clears them and writes them
    anew. Other movements of the cursor are ignored.
    """
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[[\d;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r\n|\n|\r)", written):
        sequence = _SEQUENCE.fullmatch(part)
        if part in {"\n", "\r\n"}:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif sequence is None:
            lines[row] += part.replace("\r", "")
        elif sequence["kind"] == "A":
            row = max(0, row - int(sequence["numbers"] or 1))
        elif sequence["kind"] == "K":
            lines[row] = ""
        elif sequence["kind"] == "m":
            lines[row] += part
    return "\n".join(lines).rstrip()


def cut(output: str) -> str:
    """Return the beginning and the end of an output, and how much is left out between them."""
    lines = output.splitlines()
    more = len(lines) - FIRST_LINES - LAST_LINES
    if more <= 1:
        return output
    left_out = f"\x1b[0;2m... {more} more lines\x1b[0m"
    return "\n".join([*lines[:FIRST_LINES], left_out, *lines[-LAST_LINES:]])


def svg(shown: Sequence[Shown], *, title: str, name: str) -> str:
    """Return a picture of a terminal in which these commands were typed one after the other.

    It has no font of its own and loads none: the reader's monospaced one is stretched to the grid.
    """
    with Path(os.devnull).open("w") as nowhere:
        console = Console(
            record=True, width=COLUMNS, file=nowhere, force_terminal=True, highlight=False
        )
        for one in shown:
            console.print(Text.assemble(("$ ", "bold green"), (one.command, "bold")))
            if one.output:
                console.print(Text.from_ansi(cut(one.output)), soft_wrap=False)
    form = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", _FONTS)
    picture = console.export_svg(title=title, code_format=form, unique_id=name)
    return "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"
