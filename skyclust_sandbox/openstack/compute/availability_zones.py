"""Availability zones.

Source: https://docs.openstack.org/api-ref/compute/#availability-zones-os-availability-zone
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import Body, reply


def list_zones(context: Context) -> Response:
    """Return the availability zones of servers."""
    zones: list[Body] = [
        {"zoneName": zone, "zoneState": {"available": True}, "hosts": None}
        for zone in context.region.zones
    ]
    return reply({"availabilityZoneInfo": zones})
