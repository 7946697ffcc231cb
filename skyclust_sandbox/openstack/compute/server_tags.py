"""The tags of servers: plain strings, not pairs. Since microversion 2.26.

Source: https://docs.openstack.org/api-ref/compute/#server-tags-servers-tags
"""

from __future__ import annotations

from collections.abc import Sequence

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server, require_unlocked
from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import empty, now, reply

MOST = 50
LONGEST = 60


def list_tags(context: Context) -> Response:
    """Return the tags of a server."""
    return reply({"tags": _server(context).tags})


def replace_tags(context: Context) -> Response:
    """Replace the tags of a server."""
    server = _server(context)
    body = read_json(context.request)
    tags = body.get("tags") if isinstance(body, dict) else None
    if not isinstance(tags, list):
        raise context.refused(400, "Invalid input for field/attribute tags.")
    _keep(context, server, tags)
    return reply({"tags": server.tags})


def delete_tags(context: Context) -> Response:
    """Delete all tags of a server: 204."""
    _keep(context, _server(context), [])
    return empty()


def get_tag(context: Context) -> Response:
    """Return 204 when a server has a tag, else 404."""
    server, tag = _server(context), context.argument("tag")
    _require_tag(context, server, tag)
    return empty()


def add_tag(context: Context) -> Response:
    """Add a tag to a server: 201, or 204 when the server already has it."""
    server, tag = _server(context), context.argument("tag")
    if tag in server.tags:
        return empty()
    _keep(context, server, [*server.tags, tag])
    return empty(201)


def delete_tag(context: Context) -> Response:
    """Delete a tag of a server: 204, or 404 when the server does not have it."""
    server, tag = _server(context), context.argument("tag")
    _require_tag(context, server, tag)
    _keep(context, server, [other for other in server.tags if other != tag])
    return empty()


def check_tags(context: Context, tags: Sequence[object]) -> None:
    """Refuse, with 400, tags that are too many, too long, or contain a comma or slash."""
    if len(tags) > MOST:
        raise context.refused(400, f"The number of tags exceeded the per-server limit {MOST}")
    for tag in tags:
        if not isinstance(tag, str) or not 1 <= len(tag) <= LONGEST or set(tag) & set(",/"):
            raise context.refused(400, f"Invalid input for field/attribute tags. Value: {tag}.")


def _server(context: Context) -> Server:
    server = find_server(context)
    if context.call.microversion < (2, 26):
        raise context.refused(404, "The resource could not be found.")
    if context.request.method not in {"GET", "HEAD"}:
        require_unlocked(context, server)
    return server


def _require_tag(context: Context, server: Server, tag: str) -> None:
    if tag not in server.tags:
        raise context.refused(404, f"Instance {server.id} has no tag '{tag}'")


def _keep(context: Context, server: Server, tags: Sequence[str]) -> None:
    check_tags(context, tags)
    server.tags = sorted(set(tags))
    server.updated = now()
