"""The private IP addresses of a subnet that are allocated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RESERVED: Final = 4
"""Azure reserves the first four addresses of a subnet."""


@dataclass
class AddressPool:
    """The allocated addresses of one subnet, as offsets from its network address.

    No offset below `lowest_free` is free, so the next free address is near it.
    """

    allocated: set[int] = field(default_factory=set)
    lowest_free: int = RESERVED
