"""The tags of neutron's resources.

Source: https://docs.openstack.org/api-ref/network/v2/#standard-attributes-tag-extension
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.network.collections import Collection, find_own
from skyclust_sandbox.openstack.wire import empty, reply


def list_tags(context: Context, collection: Collection) -> Response:
    """Return the tags of an object."""
    return reply({"tags": find_own(context, collection)["tags"]})


def replace_tags(context: Context, collection: Collection) -> Response:
    """Set the tags of an object and drop all others."""
    thing = find_own(context, collection)
    thing["tags"] = sorted(set((read_json(context.request) or {}).get("tags", [])))
    return reply({"tags": thing["tags"]})


def delete_tags(context: Context, collection: Collection) -> Response:
    """Remove all tags of an object: 204."""
    find_own(context, collection)["tags"] = []
    return empty()


def add_tag(context: Context, collection: Collection) -> Response:
    """Give an object a tag: 201."""
    thing = find_own(context, collection)
    thing["tags"] = sorted({*thing["tags"], context.argument("tag")})
    return empty(201)


def delete_tag(context: Context, collection: Collection) -> Response:
    """Take a tag from an object: 204, or 404 when it has none such."""
    thing, tag = find_own(context, collection), context.argument("tag")
    if tag not in thing["tags"]:
        raise context.refused(404, f"Tag {tag} could not be found.", "TagNotFound")
    thing["tags"] = [one for one in thing["tags"] if one != tag]
    return empty()
