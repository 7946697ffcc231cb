"""The version documents of nova.

Source: https://docs.openstack.org/api-ref/compute/#api-versions
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.microversions import RANGES, version_text
from skyclust_sandbox.openstack.wire import Body, reply


def list_versions(context: Context) -> Response:
    """Return the list of versions."""
    return reply({"versions": [_version(context)]})


def get_version(context: Context) -> Response:
    """Return the document of v2.1, with its microversions."""
    media = {
        "base": "application/json",
        "type": "application/vnd.openstack.compute+json;version=2.1",
    }
    return reply({"version": {**_version(context), "media-types": [media]}})


def _version(context: Context) -> Body:
    lowest, highest = RANGES["compute"]
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": version_text(highest),
        "min_version": version_text(lowest),
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": f"{context.base_url}/v2.1/"}],
    }
