"""Where clients ask what has become of an operation, and of a location's quotas.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute.quotas import count_cores
from skyclust_sandbox.azure.compute.virtual_machine_sizes import require_location
from skyclust_sandbox.azure.operations import Operation
from skyclust_sandbox.azure.request_context import Ask, retry_after
from skyclust_sandbox.azure.responses import refusal, reply


def status(ask: Ask) -> Response:
    """Answer at an `Azure-AsyncOperation` address: always 200, the body says how it stands."""
    operation = _require(ask)
    headers = {"Retry-After": retry_after(ask.state)} if operation.is_under_way else None
    return reply(operation.described(), headers=headers)


def result(ask: Ask) -> Response:
    """Answer at a `Location` address: 202 until it has ended, then what came of it."""
    operation = _require(ask)
    if operation.is_under_way:
        location = operation.result_url(ask.request.host_url, ask.version)
        return reply(None, 202, {"Location": location, "Retry-After": retry_after(ask.state)})
    if operation.error is not None:
        return reply({"error": operation.error}, 409)
    return reply(operation.output, 204 if operation.output is None else 200)


def list_usage(ask: Ask) -> Response:
    """Usage_List: the cores of a location, and the machines."""
    location = require_location(ask)
    machines = [
        one
        for one in ask.state.resources.of_type(
            ask.names["subscription"], "Microsoft.Compute/virtualMachines"
        )
        if one.location == location
    ]
    cores = count_cores(ask.state, ask.names["subscription"], location)
    told = (
        ("cores", "Total Regional vCPUs", cores, ask.state.settings.regional_cores),
        ("virtualMachines", "Virtual Machines", len(machines), 25_000),
    )
    return reply(
        {
            "value": [
                {
                    "unit": "Count",
                    "currentValue": used,
                    "limit": limit,
                    "name": {"value": name, "localizedValue": title},
                }
                for name, title, used, limit in told
            ]
        }
    )


def _require(ask: Ask) -> Operation:
    operation = ask.state.operations.get(ask.names["operation"])
    if operation is None or operation.subscription.lower() != ask.names["subscription"].lower():
        message = f"The operation '{ask.names['operation']}' could not be found."
        raise refusal(404, "OperationNotFound", message)
    return operation
