"""What an instance wrote to its first serial port.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp.instances import fetch_instance
from providers.gcp.links import ending

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def console_log(clients: GcpClients, region: str, instance_id: str) -> str:
    """Return the newest megabyte at most: as much as Compute Engine keeps."""
    machine = fetch_instance(clients, region, instance_id)
    path = f"zones/{ending(machine['zone'])}/instances/{machine['name']}/serialPort"
    answer = clients.read(path, f"read the console of instance {instance_id} in {region}")
    return str(answer.get("contents", ""))
