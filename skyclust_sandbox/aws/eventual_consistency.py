"""Lists that do not have new snapshots yet.

Source: "Eventual consistency in the Amazon EC2 API",
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LAG: Final = "skyclust_sandbox.lag"
"""The key in the environment of a request; holds by how many seconds lists are delayed."""


def visible(snapshots: Sequence[Any], seconds: float) -> list[Any]:
    """Return the snapshots that are listed by now; those of one set appear one after the other.

    Of the snapshots created at the same time, the first appears after `seconds`, the second after
    twice as many seconds, and so on.
    """
    counts: dict[datetime, int] = {}
    visible_snapshots = []
    for snapshot in snapshots:
        created = snapshot.start_time.replace(tzinfo=UTC)
        second = created.replace(microsecond=0)
        counts[second] = counts.get(second, 0) + 1
        if datetime.now(UTC) - created >= timedelta(seconds=seconds * counts[second]):
            visible_snapshots.append(snapshot)
    return visible_snapshots
