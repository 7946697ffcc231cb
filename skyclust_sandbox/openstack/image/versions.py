"""The version documents of glance.

Source: https://docs.openstack.org/api-ref/image/versions/
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.wire import Body, reply


def list_versions(context: Context) -> Response:
    """Return the list of versions, with status 300 as glance does at its root."""
    return reply({"versions": _versions(context)}, 300)


def list_versions_plainly(context: Context) -> Response:
    """Return the list of versions with status 200."""
    return reply({"versions": _versions(context)})


def _versions(context: Context) -> list[Body]:
    links = [{"rel": "self", "href": f"{context.base_url}/v2/"}]
    return [
        {"id": f"v2.{minor}", "status": status, "links": links}
        for minor, status in ((17, "CURRENT"), (16, "SUPPORTED"), (0, "SUPPORTED"))
    ]
