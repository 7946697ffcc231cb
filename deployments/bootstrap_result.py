"""What a step of bootstrap did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deployments.three_way_merge import Merge


@dataclass
class Applied:
    """The names of what was applied, and a line for each thing that people had changed.

    Without a reset these lines tell what was kept, with one what was put back. `closed` has a
    line for each way past us into a worker's processes that was found open.
    """

    names: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def tell(self, what: str, result: Merge, *, reset: bool, more: Iterable[str] = ()) -> None:
        """Add a line about an object, unless nobody had changed it."""
        fields = [*(result.changes if reset else result.kept), *more]
        if fields:
            self.changed.append(f"{what}: {', '.join(fields)}")
