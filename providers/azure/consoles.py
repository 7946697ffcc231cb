"""The serial console's log, which boot diagnostics keep in a storage account.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/retrieve-boot-diagnostics-data
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure.errors import azure_errors
from providers.azure.instances import machine_id, read_machine
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
    parts = machine_id(clients, region, instance_id)
    machine = read_machine(clients, region, instance_id)
    diagnostics = machine["properties"].get("diagnosticsProfile") or {}
    doing = f"read the console of instance {instance_id} in {region}"
    if not (diagnostics.get("bootDiagnostics") or {}).get("enabled"):
        raise InvalidRequest(
            f"Could not {doing}: its boot diagnostics are off.",
            hint="az vm boot-diagnostics enable switches them on.",
            provider="azure",
        )
    with azure_errors(doing):
        told = clients.compute.virtual_machines.retrieve_boot_diagnostics_data(
            parts.group, parts.name, sas_uri_expiration_time_in_minutes=ADDRESS_MINUTES
        )
    if not told.serial_console_log_blob_uri:
        return ""
    try:
        with azure_errors(doing):
            log = clients.download(told.serial_console_log_blob_uri, LARGEST_LOG)
    except NotFound:
        return ""
    except SkyClustError as error:
        # The cause tells the whole address, which opens the log to whoever reads it.
        raise error from None
    return log.decode("utf-8", errors="replace")
