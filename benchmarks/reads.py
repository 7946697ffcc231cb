"""What a command that only reads costs: `python -m benchmarks.reads TIMES`.

Each command is a process of its own, as in a shell, on the installation of its environment.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Final

from benchmarks.measuring import report

COMMANDS: Final = (
    "--help",
    "audit list",
    "credential list",
    "instance list",
    "inventory changes",
    "inventory list",
    "inventory scopes",
    "network list",
    "operation list",
    "provider list",
    "status",
    "workspace list",
)


def cost_of(command: str) -> tuple[float, float]:
    """Return the CPU seconds and the seconds of one run; raises RuntimeError when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "skyclust.cli.main", *command.split()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"`skyclust {command}` ended with {process.returncode}.")
    return used.ru_utime + used.ru_stime, seconds


def main(times: int) -> None:
    """Run each command some times, after one that writes the byte code."""
    figures = {}
    for command in COMMANDS:
        cost_of(command)
        costs = [cost_of(command) for _ in range(times)]
        figures[command] = {
            "cpu_seconds": round(statistics.median(cpu for cpu, _ in costs), 2),
            "seconds": round(statistics.median(seconds for _, seconds in costs), 2),
        }
    report(figures)


if __name__ == "__main__":
    main(int(sys.argv[1]))
