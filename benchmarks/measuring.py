"""What a piece of work costs this process: seconds, CPU seconds, memory."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Cost:
    """`peak_mib` is the most memory that the process ever held resident, up to the end."""

    seconds: float
    cpu_seconds: float
    peak_mib: float

    def figures(self) -> dict[str, float]:
        """Return the figures, rounded as far as they mean something."""
        return {
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "peak_mib": round(self.peak_mib),
        }


def measured(work: Callable[[], _Result]) -> tuple[_Result, Cost]:
    """Do the work; return its result and what it cost."""
    began, cpu_began = time.perf_counter(), time.process_time()
    result = work()
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    # ru_maxrss is in KiB on Linux (getrusage(2)).
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result, Cost(seconds, cpu_seconds, peak)


def report(figures: object) -> None:
    """Print a result for the process that measures: a line of JSON on stdout."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
