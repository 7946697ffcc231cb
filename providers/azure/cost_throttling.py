"""The waits that Cost Management asks for: its own headers, beside or in place of Retry-After.

A tenant has 12 query processing units in 10 seconds, 60 in a minute and 600 in an hour; a query
of one month of data takes one
(https://learn.microsoft.com/en-us/azure/cost-management-billing/costs/manage-automation#error-code-and-description).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from skyclust.providerkit.retry_after import retry_after_seconds

RETRY_AFTER_MS: Final = ("retry-after-ms", "x-ms-retry-after-ms")
"""Headers in which some of Azure's services return Retry-After in milliseconds."""

_OWN: Final = re.compile(
    r"x-ms-ratelimit-microsoft\.(costmanagement|consumption)-([a-z]+-)?retry-after", re.IGNORECASE
)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def azure_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the longest wait in seconds that a response asks for, None if it asks for none.

    Cost Management limits a client, a tenant, an entity (subscription) and the units of queries
    (`qpu`), each with a header of its own: a request after the shortest wait is refused again.
    """
    own = [
        float(value.strip())
        for name, value in headers.items()
        if _OWN.fullmatch(name) and _SECONDS.fullmatch(str(value).strip())
    ]
    general = retry_after_seconds(headers, now, milliseconds=RETRY_AFTER_MS)
    return max([*own, *([] if general is None else [general])], default=None)
