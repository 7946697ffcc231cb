"""Regions.

Source: https://docs.openstack.org/api-ref/identity/v3/#regions
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.identity.lists import list_reply
from skyclust_sandbox.openstack.wire import Body, reply


def list_regions(context: Context) -> Response:
    """Return all regions."""
    return list_reply(context, "regions", [_region(context, name) for name in directory.REGIONS])


def get_region(context: Context) -> Response:
    """Return a region; 404 when it does not exist."""
    name = context.argument("region_id")
    if name not in directory.REGIONS:
        raise context.refused(404, f"Could not find region: {name}.")
    return reply({"region": _region(context, name)})


def _region(context: Context, name: str) -> Body:
    return {
        "id": name,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{context.base_url}/v3/regions/{name}"},
    }
