"""How much the instances of the sandbox are used: by their id alone, the same in every run.

A running instance has a past of any length, so that tests need not wait; one that is stopped has no
points at all.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

HOUR: Final = 3600
_MIB: Final = 1024**2


class UseKind(StrEnum):
    """What an instance does."""

    IDLE = "idle"  # runs, and serves nobody
    SMALL = "small"  # would fit into half of its size
    BUSY = "busy"  # needs its size
    SILENT = "silent"  # runs, and nothing of it is recorded


@dataclass(frozen=True)
class _Level:
    """Percentages at night and in the day's busiest hour, and bytes of an hour by day."""

    night: float
    day: float
    memory: float
    hourly_bytes: float


_LEVELS: Final = {
    UseKind.IDLE: _Level(0.3, 0.5, 11.0, 40_000),
    UseKind.SMALL: _Level(3.0, 9.0, 28.0, 60.0 * _MIB),
    UseKind.BUSY: _Level(22.0, 61.0, 68.0, 900.0 * _MIB),
}
_SHARES: Final = (
    (0.15, UseKind.IDLE),
    (0.50, UseKind.SMALL),
    (0.95, UseKind.BUSY),
    (1.00, UseKind.SILENT),
)


@dataclass(frozen=True)
class HourOfUse:
    """One hour: CPU in percent, memory in percent, bytes that were received and sent."""

    cpu_average: float
    cpu_maximum: float
    memory: float
    received: float
    sent: float


def kind_of(instance_id: str) -> UseKind:
    """Return what an instance does."""
    share = _noise(instance_id, "kind")
    return next(kind for limit, kind in _SHARES if share < limit)


def hour_of_use(instance_id: str, hour: int) -> HourOfUse | None:
    """Return the use in an hour since 1970, None where nothing is recorded."""
    level = _LEVELS.get(kind_of(instance_id))
    if level is None:
        return None
    share = (1 - math.cos(2 * math.pi * ((hour + 2) % 24) / 24)) / 2  # most at ten o'clock
    noise = _noise(instance_id, str(hour))
    average = level.night + (level.day - level.night) * share * (0.8 + 0.2 * noise)
    traffic = level.hourly_bytes * (0.1 + 0.9 * share) * (0.7 + 0.3 * noise)
    return HourOfUse(
        cpu_average=round(average, 4),
        cpu_maximum=round(min(average * (1.4 + 0.2 * noise), 100.0), 4),
        memory=round(level.memory * (0.97 + 0.03 * noise), 4),
        received=round(traffic * 0.4),
        sent=round(traffic * 0.6),
    )


def _noise(instance_id: str, of: str) -> float:
    """Return a number in [0, 1)."""
    return zlib.crc32(f"{of} of {instance_id}".encode()) / 2**32
