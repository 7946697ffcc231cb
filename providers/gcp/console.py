"""What an instance wrote to its first serial port.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.gcp import fields
from providers.gcp.links import read_instance_id

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients


def console_log(clients: GcpClients, region: str, instance_id: str) -> str:
    """Return the newest megabyte at most: as much as Compute Engine keeps."""
    zone, _, number = read_instance_id(region, instance_id)
    path = f"zones/{zone}/instances/{number}/serialPort"
    doing = f"read the console of instance {instance_id} in {region}"
    return fields.text(clients.read(path, doing, kind="serialPortOutput"), "contents") or ""
