"""The version documents of cinder.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#api-versions
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.microversions import RANGES, version_text
from skyclust_sandbox.openstack.wire import Body, reply


def list_versions(context: Context) -> Response:
    """Return the list of versions, with status 300 as cinder does at its root."""
    return reply({"versions": [_version(context)]}, 300)


def get_version(context: Context) -> Response:
    """Return the document of v3, with its microversions."""
    return reply({"versions": [_version(context)]})


def _version(context: Context) -> Body:
    lowest, highest = RANGES["block-storage"]
    return {
        "id": "v3.0",
        "status": "CURRENT",
        "version": version_text(highest),
        "min_version": version_text(lowest),
        "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": f"{context.base_url}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
        ],
    }
