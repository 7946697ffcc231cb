"""The tags of neutron's resources.

Source: https://docs.openstack.org/api-ref/network/v2/#standard-attributes-tag-extension
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.network.collections import Collection, find_own
from skyclust_sandbox.openstack.wire import empty, reply


def list_tags(context: Context, collection: Collection) -> Response:
    """Return the tags of a resource."""
    return reply({"tags": find_own(context, collection)["tags"]})


def replace_tags(context: Context, collection: Collection) -> Response:
    """Replace the tags of a resource."""
    resource = find_own(context, collection)
    resource["tags"] = sorted(set((read_json(context.request) or {}).get("tags", [])))
    return reply({"tags": resource["tags"]})


def delete_tags(context: Context, collection: Collection) -> Response:
    """Delete all tags of a resource: 204."""
    find_own(context, collection)["tags"] = []
    return empty()


def add_tag(context: Context, collection: Collection) -> Response:
    """Add a tag to a resource: 201."""
    resource = find_own(context, collection)
    resource["tags"] = sorted({*resource["tags"], context.argument("tag")})
    return empty(201)


def delete_tag(context: Context, collection: Collection) -> Response:
    """Delete a tag of a resource: 204, or 404 when the resource does not have it."""
    resource, tag = find_own(context, collection), context.argument("tag")
    if tag not in resource["tags"]:
        raise context.refused(404, f"Tag {tag} could not be found.", "TagNotFound")
    resource["tags"] = [other for other in resource["tags"] if other != tag]
    return empty()
