"""The addresses of a subnet that are given out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RESERVED: Final = 4
"""The first addresses of a subnet are Azure's own."""


@dataclass
class Pool:
    """The addresses of one subnet, by their distance from its first.

    None below `lowest` is free, so that the next free one is found at once.
    """

    taken: set[int] = field(default_factory=set)
    lowest: int = RESERVED
