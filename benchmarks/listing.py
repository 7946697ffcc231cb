"""`python -m benchmarks.listing CLOUD HOW ENDPOINT` lists the machines of a cloud several times.

HOW is `bare` (the cloud's own SDK) or `provider` (ours). The first time is not measured: it
imports, signs in, opens connections and fills the memory of the cloud.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from typing import Final

from benchmarks.bare_listings import BARE, OPENSTACK_REGION
from benchmarks.measuring import measured, report
from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.model.resource import ResourceKind
from skyclust.registry import capability, provider_class
from skyclust_sandbox.credentials import CREDENTIALS

TIMES: Final = 5


def provider(cloud: str, endpoint: str) -> Callable[[], int]:
    """Return a function that lists with our provider, as a sync of all regions does."""
    cls = provider_class(cloud)
    opened = cls(cls.credential_model.model_validate(CREDENTIALS[cloud](endpoint)))
    kind = ResourceKind.INSTANCE
    if isinstance(opened, AccountInventoryProvider):
        return lambda: sum(len(page.resources) for page in opened.list_account(kind))
    inventory = capability(opened, InventoryProvider)
    regions = [OPENSTACK_REGION] if cloud == "openstack" else opened.regions()

    def listed() -> int:
        return sum(len(page) for one in regions for page in inventory.list_resources(one, kind))

    return listed


def main(cloud: str, how: str, endpoint: str) -> None:
    """Measure and print: machines, and the medians of seconds and processor time."""
    listed = BARE[cloud](endpoint) if how == "bare" else provider(cloud, endpoint)
    machines = listed()
    costs = [measured(listed)[1] for _ in range(TIMES)]
    report(
        {
            "machines": machines,
            "seconds": round(statistics.median(cost.seconds for cost in costs), 3),
            "cpu_seconds": round(statistics.median(cost.cpu_seconds for cost in costs), 3),
            "peak_mib": round(max(cost.peak_mib for cost in costs)),
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
