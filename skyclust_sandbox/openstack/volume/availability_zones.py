"""Availability zones of volumes.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#availability-zones-os-availability-zone
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import reply


def list_zones(context: Context) -> Response:
    """Return the availability zones of volumes."""
    zones = [{"zoneName": zone, "zoneState": {"available": True}} for zone in context.region.zones]
    return reply({"availabilityZoneInfo": zones})
