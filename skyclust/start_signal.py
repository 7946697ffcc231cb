"""How a process that `skyclust up` has started ahead of time knows when it may begin.

It imports what it needs while the Prefect server starts, and touches nothing until then
(`skyclust.embedded.waiting_process` has the other end).
"""

from __future__ import annotations

import os
import sys
from typing import Final

WAIT_OPTION: Final = "--wait-for-start"
"""The argument by which a process is started ahead of time."""


def may_begin() -> bool:
    """Wait for the line on stdin that lets this process begin; return False when none comes.

    The end of whoever started it closes stdin without a line. Afterwards stdin is the null device:
    nothing that this process starts holds the pipe.
    """
    line = sys.stdin.readline()
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    return bool(line)
