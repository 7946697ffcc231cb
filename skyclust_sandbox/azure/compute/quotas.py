"""The cores that the machines of a location may have together.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/quotas
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.fault_responses import quota_refusal
from skyclust_sandbox.azure.state import State
from skyclust_sandbox.azure.tracked_resources import properties

_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def take_cores(state: State, subscription: str, location: str, cores: int) -> None:
    """Refuse when a location has not so many cores left; deallocated machines have none.

    To count is slow where there are thousands of machines, so what was taken since the last
    count is added up, and only when that would be too much is it counted again.
    """
    place, limit = (subscription.lower(), location), state.settings.regional_cores
    most = state.cores_taken.get(place)
    if most is None or most + cores > limit:
        most = count_cores(state, subscription, location)
    if most + cores > limit:
        raise quota_refusal(location, limit, most, cores)
    state.cores_taken[place] = most + cores


def count_cores(state: State, subscription: str, location: str) -> int:
    """Return how many cores the allocated machines of a location have."""
    return sum(
        SIZES[properties(one)["hardwareProfile"]["vmSize"].lower()].cores
        for one in state.resources.of_type(subscription, _MACHINES)
        if one.location == location and one.power != "deallocated"
    )
