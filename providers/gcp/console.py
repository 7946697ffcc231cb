"""The serial console output of an instance.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.links import parse_instance_id
from skyclust.contract import ConsoleProvider

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


class GcpConsole(ConsoleProvider):
    """Serial port 1 of Compute Engine instances."""

    _clients: GcpClients

    def console_log(self, region: str, instance_id: str) -> str:
        """Return the output of the first serial port: the newest megabyte, which is all it keeps.

        Raises NotFound for an unknown instance.
        """
        zone, _, number = parse_instance_id(region, instance_id)
        path = f"zones/{zone}/instances/{number}/serialPort"
        doing = f"read the console of instance {instance_id} in {region}"
        reply = self._clients.get(path, doing, kind="serialPortOutput")
        return fields.text(reply, "contents") or ""
