"""Counting the calls of Cost Explorer, which cost money, up to a limit."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from skyclust.contract import CostCalls
from skyclust.errors import ConfigurationError

PRICE: Final = Decimal("0.01")
"""US dollars for each request; a page is a request of its own
(https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/)."""


@dataclass
class PricedCalls:
    """Counts calls, from several threads; at most `limit` are allowed."""

    limit: int
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self) -> None:
        """Count a call before it is sent; raises ConfigurationError when it exceeds the limit."""
        with self._lock:
            if self._made >= self.limit:
                raise ConfigurationError(
                    f"The limit of {self.limit} calls of Cost Explorer is reached:"
                    f" they cost {self.limit * PRICE} USD.",
                    hint="Read fewer days, raise cost_calls_limit of the credential, or name an"
                    " export in cost_export: reading it costs next to nothing.",
                    provider="aws",
                )
            self._made += 1

    def made(self) -> CostCalls:
        """Return the calls that were made, and their price."""
        with self._lock:
            return CostCalls(self._made, self._made * PRICE)
