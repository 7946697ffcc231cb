"""The serial console log of a VM, which boot diagnostics store in a storage account.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/retrieve-boot-diagnostics-data
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.azure import write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import flag, inner, text
from providers.azure.instances import read_vm
from skyclust.contract import ConsoleProvider
from skyclust.errors import InvalidRequest, NotFound, SkyClustError

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

MAX_LOG_BYTES: Final = 256 * 1024
"""The number of bytes at the end of the log that are returned."""

URL_MINUTES: Final = 5
"""How long the SAS URL of the log is valid."""


class AzureConsole(ConsoleProvider):
    """Reads the serial console log of VMs."""

    _clients: AzureClients

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the end of a VM's serial console log; empty while the VM has written nothing.

        Raises InvalidRequest for a VM whose boot diagnostics are disabled.
        """
        vm = read_vm(self._clients, region, instance_id)
        profile = inner(inner(vm, "properties"), "diagnosticsProfile")
        doing = f"read the console of instance {instance_id} in {region}"
        if not flag(inner(profile, "bootDiagnostics"), "enabled"):
            raise InvalidRequest(
                f"Could not {doing}: its boot diagnostics are off.",
                hint="az vm boot-diagnostics enable switches them on.",
                provider="azure",
            )
        with azure_errors(doing):
            urls = write_requests.boot_diagnostics_urls(self._clients, vm, URL_MINUTES)
        url = text(urls, "serialConsoleLogBlobUri")
        if url is None:
            return ""
        try:
            with azure_errors(doing):
                log = self._clients.public.download(url, MAX_LOG_BYTES)
        except NotFound:
            return ""
        except SkyClustError as error:
            # The cause contains the whole SAS URL, which opens the log to everyone who has it.
            raise error from None
        return log.decode("utf-8", errors="replace")
