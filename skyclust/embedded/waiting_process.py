"""Processes that load their code while the Prefect server starts, and begin when it is ready.

Loading Prefect takes each of them some seconds; one after the other that was most of the time of
`skyclust up`. A process that waits has done nothing yet, and ends by itself when the process that
started it is gone (`skyclust.start_signal`): nothing need be written down about it.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Final

END_SECONDS: Final = 5.0


def let_begin(child: subprocess.Popen[bytes]) -> None:
    """Let a process begin; one that has died does not hear it, and its output says why."""
    stdin, child.stdin = child.stdin, None  # `communicate` would close it once more
    if stdin is not None:
        with suppress(BrokenPipeError), stdin:
            stdin.write(b"begin\n")


def give_up(child: subprocess.Popen[bytes]) -> None:
    """End a process that waits still; one that was let begin is left alone."""
    if child.stdin is None:
        return
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None:
            stream.close()
    child.kill()
    child.wait(END_SECONDS)
