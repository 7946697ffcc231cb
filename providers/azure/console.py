"""The serial console's log, which boot diagnostics keep in a storage account.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/retrieve-boot-diagnostics-data
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure import write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import flag, inner, text
from providers.azure.instances import read_machine
from skyclust.errors import InvalidRequest, NotFound, SkyClustError

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

LARGEST_LOG: Final = 256 * 1024
"""Bytes of the log's end that are shown."""

ADDRESS_MINUTES: Final = 5
"""How long the address of the log opens it."""


def console_log(clients: AzureClients, region: str, instance_id: str) -> str:
    """Return the end of what a machine wrote to its console; empty before it has written.

    Raises InvalidRequest for a machine whose boot diagnostics are off.
    """
    machine = read_machine(clients, region, instance_id)
    profile = inner(inner(machine, "properties"), "diagnosticsProfile")
    doing = f"read the console of instance {instance_id} in {region}"
    if not flag(inner(profile, "bootDiagnostics"), "enabled"):
        raise InvalidRequest(
            f"Could not {doing}: its boot diagnostics are off.",
            hint="az vm boot-diagnostics enable switches them on.",
            provider="azure",
        )
    with azure_errors(doing):
        told = write_requests.console_addresses(clients, machine, ADDRESS_MINUTES)
    address = text(told, "serialConsoleLogBlobUri")
    if address is None:
        return ""
    try:
        with azure_errors(doing):
            log = clients.download(address, LARGEST_LOG)
    except NotFound:
        return ""
    except SkyClustError as error:
        # The cause tells the whole address, which opens the log to whoever reads it.
        raise error from None
    return log.decode("utf-8", errors="replace")
