"""The metadata of servers: pairs of strings.

Source: https://docs.openstack.org/api-ref/compute/#server-metadata-servers-metadata
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server, require_state, require_unlocked
from skyclust_sandbox.openstack.compute.server_create import check_metadata
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import empty, now, reply

_STATES = ("active", "paused", "suspended", "stopped")


def get_metadata(context: Context) -> Response:
    """Return the metadata of a server."""
    return reply({"metadata": find_server(context).metadata})


def update_metadata(context: Context) -> Response:
    """Set some items of a server's metadata, keep the others, and return all."""
    server = _changeable(context, "update_instance_metadata")
    body = context.body("metadata")
    return _keep(context, server, {**server.metadata, **body})


def replace_metadata(context: Context) -> Response:
    """Replace the metadata of a server."""
    server = _changeable(context, "update_instance_metadata")
    return _keep(context, server, dict(context.body("metadata")))


def get_item(context: Context) -> Response:
    """Return one metadata item of a server; 404 when it does not exist."""
    server, key = find_server(context), context.argument("key")
    _require_item(context, server, key)
    return reply({"meta": {key: server.metadata[key]}})


def set_item(context: Context) -> Response:
    """Set one metadata item of a server."""
    server, key = _changeable(context, "update_instance_metadata"), context.argument("key")
    body = context.body("meta")
    if list(body) != [key]:
        raise context.refused(400, "Request body and URI mismatch")
    _keep(context, server, {**server.metadata, **body})
    return reply({"meta": body})


def delete_item(context: Context) -> Response:
    """Delete one metadata item of a server: 204, or 404 when it does not exist."""
    server, key = _changeable(context, "delete_instance_metadata"), context.argument("key")
    _require_item(context, server, key)
    del server.metadata[key]
    server.updated = now()
    return empty()


def _changeable(context: Context, method: str) -> Server:
    server = find_server(context)
    require_unlocked(context, server)
    every_task = (None, server.task_state)
    require_state(context, server, method, _STATES, every_task)
    return server


def _keep(context: Context, server: Server, metadata: dict[str, str]) -> Response:
    check_metadata(context, metadata)
    server.metadata = metadata
    server.updated = now()
    return reply({"metadata": metadata})


def _require_item(context: Context, server: Server, key: str) -> None:
    if key not in server.metadata:
        raise context.refused(404, "Metadata item was not found")
