"""Counting the metrics of CloudWatch, which cost money, up to a limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from skyclust.contract import CostCalls
from skyclust.errors import ConfigurationError

PRICE: Final = Decimal("0.00001")
"""US dollars for each metric that GetMetricData is called for: 0.01 for 1,000
(https://aws.amazon.com/cloudwatch/pricing/). A page is counted as a call of its own."""


@dataclass
class PricedMetrics:
    """Counts metrics, from several threads; at most `limit` are allowed."""

    limit: int
    _read: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, metrics: int) -> None:
        """Count the metrics of a call before it is sent; raises ConfigurationError over the limit.

        A call that would exceed the limit is not counted.
        """
        with self._lock:
            if self._read + metrics > self.limit:
                raise ConfigurationError(
                    f"The limit of {self.limit} metrics of CloudWatch is reached:"
                    f" they cost {self.limit * PRICE} USD.",
                    hint="Raise metrics_limit of the credential. The instances that were read"
                    " longest ago come first in the next run.",
                    provider="aws",
                )
            self._read += metrics

    def made(self) -> CostCalls:
        """Return the metrics that were read, and their price."""
        with self._lock:
            return CostCalls(self._read, self._read * PRICE)
