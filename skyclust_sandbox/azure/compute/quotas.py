"""The quota of vCPUs in a location, and its usage.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/quotas and
https://learn.microsoft.com/en-us/rest/api/compute/usage/list
"""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.fault_responses import quota_error
from skyclust_sandbox.azure.locations import require_location
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import json_response
from skyclust_sandbox.azure.state import State

_VIRTUAL_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def reserve_cores(state: State, subscription: str, location: str, cores: int) -> None:
    """Reserve vCPUs in a location; refuses if the quota would be exceeded.

    Counting is slow with thousands of VMs. So reservations are added up to an upper bound, and
    only if the bound would exceed the quota are the vCPUs of the allocated VMs counted again.
    """
    key, limit = (subscription.lower(), location), state.settings.regional_cores
    reserved = state.reserved_cores.get(key)
    if reserved is None or reserved + cores > limit:
        reserved = count_cores(state, subscription, location)
    if reserved + cores > limit:
        raise quota_error(location, limit, reserved, cores)
    state.reserved_cores[key] = reserved + cores


def count_cores(state: State, subscription: str, location: str) -> int:
    """Return the number of vCPUs of the VMs in a location, except deallocated VMs."""
    return sum(
        SIZES[vm.properties["hardwareProfile"]["vmSize"].lower()].cores
        for vm in state.resources.of_type(subscription, _VIRTUAL_MACHINES)
        if vm.location == location and vm.power != "deallocated"
    )


def list_usage(context: RequestContext) -> Response:
    """Usage_List: the vCPUs and the VMs of a location."""
    location = require_location(context)
    all_vms = context.state.resources.of_type(context.subscription, _VIRTUAL_MACHINES)
    vm_count = sum(1 for vm in all_vms if vm.location == location)
    cores = count_cores(context.state, context.subscription, location)
    usages = (
        ("cores", "Total Regional vCPUs", cores, context.state.settings.regional_cores),
        ("virtualMachines", "Virtual Machines", vm_count, 25_000),
    )
    return json_response(
        {
            "value": [
                {
                    "unit": "Count",
                    "currentValue": used,
                    "limit": limit,
                    "name": {"value": name, "localizedValue": title},
                }
                for name, title, used, limit in usages
            ]
        }
    )
