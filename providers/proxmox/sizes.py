"""Instance types: Proxmox VE has no types, so the name of a type is its size.

`2c4g` has 2 cores and 4 GiB of memory, `1c512m` one core and 512 MiB. Each size has one name: `m`
only when the memory is not a whole number of GiB.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from skyclust.errors import InvalidRequest

_TYPE: Final = re.compile(r"([1-9][0-9]{0,3})c([1-9][0-9]{0,7})([gm])")
MIB_PER_GIB: Final = 1024


class Size(NamedTuple):
    """Virtual processors and MiB of memory."""

    cores: int
    memory_mib: int

    @property
    def name(self) -> str:
        """The name of the type that has this size."""
        return type_name(self.cores, self.memory_mib)


def type_name(cores: float, memory_mib: int) -> str:
    """Return the name of a size; `0.5c1g`, a fraction of a core, is reported only."""
    if memory_mib % MIB_PER_GIB == 0:
        return f"{cores:g}c{memory_mib // MIB_PER_GIB}g"
    return f"{cores:g}c{memory_mib}m"


def to_size(instance_type: str) -> Size:
    """Return the size of a type; raises InvalidRequest for a name that is not a type."""
    match = _TYPE.fullmatch(instance_type)
    size = None
    if match is not None:
        unit = MIB_PER_GIB if match[3] == "g" else 1
        size = Size(int(match[1]), int(match[2]) * unit)
    if size is None or size.name != instance_type:
        raise InvalidRequest(
            f"There is no instance type {instance_type!r}.",
            hint="Write cores and memory: 2c4g has 2 cores and 4 GiB, 1c512m has 512 MiB."
            if size is None
            else f"Write {size.name}.",
            provider="proxmox",
        )
    return size
