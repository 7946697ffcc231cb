"""What EC2 lists while it has not yet caught up with what it has made.

Source: "Eventual consistency in the Amazon EC2 API",
https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

LAG: Final = "skyclust_sandbox.lag"
"""The key of a request's environment that holds for how many seconds lists lag behind."""


def listed(snapshots: Sequence[Any], seconds: float) -> list[Any]:
    """Return the snapshots that are listed by now, with the parts of a set one after the other.

    The first of those that are made at once is listed after `seconds`, the second after twice
    as many, and so on.
    """
    new: dict[datetime, int] = {}
    found = []
    for snapshot in snapshots:
        made = snapshot.start_time.replace(tzinfo=UTC)
        moment = made.replace(microsecond=0)
        new[moment] = new.get(moment, 0) + 1
        if datetime.now(UTC) - made >= timedelta(seconds=seconds * new[moment]):
            found.append(snapshot)
    return found
