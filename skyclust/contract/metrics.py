"""The ability to read how much instances are used."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime

from skyclust.contract.ability import Ability
from skyclust.contract.cost import CostCalls
from skyclust.model.instance_metrics import InstanceMetrics


class MetricsProvider(Ability):
    """Reads CPU, memory and network of instances from what the cloud has recorded."""

    @abstractmethod
    def read_metrics(
        self, region: str, instance_ids: Sequence[str], start: datetime, end: datetime
    ) -> Iterator[Sequence[InstanceMetrics]]:
        """Yield the use of each instance in [start, end), page by page, each instance once.

        An instance of which the source has no point yields metrics without points: it is not known
        how much it was used. An instance that does not exist yields that, or is left out. Raises
        what made a page unreadable, after the pages before it; IncompleteList after the last page
        for instances that could not be read.
        """

    def metrics_read(self) -> CostCalls | None:
        """Return the priced metrics that this object has read; None where reading is free."""
        return None
