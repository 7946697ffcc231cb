"""Query processing units: a tenant's quota, which each query takes a part of.

A query takes one unit for each month of its range; a later page is of a query that was counted.
Azure's limits for a minute and for an hour are left out.

Source: https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/manage-automation
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.responses import error_body, json_response

_PREFIX = "x-ms-ratelimit-microsoft.costmanagement"


@dataclass
class QueryUnits:
    """The units that each tenant has taken within the window."""

    _taken: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def take(self, tenant: str, units: int, quota: int, window: float) -> float | None:
        """Take units, and return None; or return the seconds after which they can be taken."""
        now = time.monotonic()
        taken = self._taken.setdefault(tenant, deque())
        while taken and taken[0][0] <= now - window:
            taken.popleft()
        # A query of more units than the quota is accepted alone.
        if taken and sum(count for _, count in taken) + units > quota:
            return taken[0][0] + window - now
        taken.append((now, units))
        return None


def throttled_response(seconds: float, limit: str = "qpu") -> Response:
    """Return the response to a query for which the quota is spent.

    `limit` is the limit that is reached: of query units (`qpu`), the `entity` or the `tenant`. The
    response has no Retry-After.
    """
    headers: Mapping[str, str] = {
        f"{_PREFIX}-{limit}-retry-after": str(max(1, math.ceil(seconds))),
        f"{_PREFIX}-qpu-remaining": "QueryUnits/10Seconds;0",
    }
    message = "Too many requests. Please retry."
    return json_response(error_body("429", message), 429, headers)
