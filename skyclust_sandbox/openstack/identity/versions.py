"""The version documents of keystone.

Source: https://docs.openstack.org/api-ref/identity/v3/#api-versions
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import Body, reply


def list_versions(context: Context) -> Response:
    """Return the list of versions, with status 300 as keystone does at its root."""
    return reply({"versions": {"values": [_version(context)]}}, 300)


def get_version(context: Context) -> Response:
    """Return the document of v3."""
    return reply({"version": _version(context)})


def _version(context: Context) -> Body:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{context.base_url}/v3/"}],
        "media-types": [
            {"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}
        ],
    }
