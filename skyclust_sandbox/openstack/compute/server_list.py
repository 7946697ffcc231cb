"""Lists of servers: filters, order and pages.

Source: https://docs.openstack.org/api-ref/compute/#list-servers-detailed
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server
from skyclust_sandbox.openstack.compute.server_status import STATUSES, status_of
from skyclust_sandbox.openstack.compute.server_views import Viewer, make_viewer
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import page_of
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import Body, is_true, parse_time, reply

_FILTERS: Final[dict[str, Callable[[Server], str]]] = {
    "name": lambda server: server.name,
    "image": lambda server: server.image_id,
    "flavor": lambda server: server.flavor.id,
    "key_name": lambda server: server.key_name or "",
    "user_id": lambda server: server.user_id,
    "uuid": lambda server: server.id,
    "vm_state": lambda server: server.vm_state,
    "task_state": lambda server: server.task_state or "",
    "power_state": lambda server: str(server.power_state),
    "availability_zone": lambda server: server.zone,
    "description": lambda server: server.description or "",
    "hostname": lambda server: server.hostname,
}
"""The filters, and the attribute of a server that each compares; names are regular expressions."""

_SORT_KEYS: Final[dict[str, Callable[[Server], str]]] = {
    "created_at": lambda server: server.created.isoformat(),
    "updated_at": lambda server: server.updated.isoformat(),
    "display_name": lambda server: server.name,
    "name": lambda server: server.name,
    "uuid": lambda server: server.id,
    "id": lambda server: server.id,
    "vm_state": lambda server: server.vm_state,
    "project_id": lambda server: server.project_id,
}


def list_servers(context: Context) -> Response:
    """Return a page of servers with their names only."""
    return _list(context, "servers", lambda viewer, server: viewer.basic(server))


def list_servers_detailed(context: Context) -> Response:
    """Return a page of servers with all attributes."""
    return _list(
        context, "servers/detail", lambda viewer, server: viewer.detailed(server, alone=False)
    )


def get_server(context: Context) -> Response:
    """Return a server; 404 when it does not exist or is deleted."""
    server = find_server(context)
    return reply({"server": make_viewer(context).detailed(server, alone=True)})


def _in_down_cell(context: Context) -> str | None:
    """Return the zone whose servers are in a cell that is down.

    Source: https://docs.openstack.org/api-guide/compute/down_cells.html
    """
    return context.region.zones[-1] if context.outcome == "CellDown" else None


def _list(context: Context, path: str, show: Callable[[Viewer, Server], Body]) -> Response:
    viewer = make_viewer(context)
    servers = _sorted(
        context,
        [server for server in _visible_servers(context) if _matches(context, server, viewer)],
    )
    down = _in_down_cell(context)
    if context.call.microversion < (2, 69):  # earlier microversions omit these servers
        servers = [server for server in servers if server.zone != down]
    page, next_page = page_of(context, servers, lambda server: server.id)
    content: Body = {
        "servers": [
            viewer.unknown(server) if server.zone == down else show(viewer, server)
            for server in page
        ]
    }
    if next_page:
        href = next_page.link(f"{context.base_url}/v2.1/{path}")
        content["servers_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _visible_servers(context: Context) -> list[Server]:
    """Return the servers that the caller may list; deleted ones when the query requests them."""
    query = context.request.args
    everybody = "all_tenants" in query and (
        query["all_tenants"] == "" or is_true(query["all_tenants"])
    )
    if everybody and not context.is_admin:
        rule = "os_compute_api:servers:detail:get_all_tenants"
        raise context.refused(403, f"Policy doesn't allow {rule} to be performed.")
    project_id = (
        query.get("project_id") or query.get("tenant_id") if everybody else context.project_id
    )
    since = "changes-since" in query or "changes-before" in query
    deleted = context.is_admin and is_true(query.get("deleted", ""))
    servers: list[Server] = [] if deleted else list(context.region.servers.values())
    if deleted or since:
        servers += context.region.deleted_servers.values()
    return [server for server in servers if project_id in (None, server.project_id)]


def _matches(context: Context, server: Server, viewer: Viewer) -> bool:
    query = context.request.args
    for name, value in query.items():
        read = _FILTERS.get(name)
        if read is None:
            continue
        actual = read(server)
        if name in {"name", "hostname"}:
            if not _matches_pattern(context, value, actual):
                return False
        elif actual != value:
            return False
    return (
        _has_status(context, server)
        and _has_tags(context, server)
        and _was_changed(context, server)
        and _has_address(context, server, viewer)
        and _matches_locked(context, server)
    )


def _matches_pattern(context: Context, pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text, re.IGNORECASE) is not None
    except re.error as error:
        raise context.refused(400, f"Invalid filter field: name={pattern}.") from error


def _has_status(context: Context, server: Server) -> bool:
    statuses = {status.upper() for status in context.request.args.getlist("status")}
    if not statuses:
        return True
    unknown = statuses - STATUSES
    if unknown == statuses:
        if context.call.microversion >= (2, 38):
            raise context.refused(400, "Invalid status is specified.")
        return False
    return status_of(server) in statuses


def _has_tags(context: Context, server: Server) -> bool:
    query = context.request.args
    if context.call.microversion < (2, 26):
        return True
    own = set(server.tags)
    return (
        _tag_set(query.get("tags")) <= own
        and ("tags-any" not in query or bool(_tag_set(query["tags-any"]) & own))
        and ("not-tags" not in query or not _tag_set(query["not-tags"]) <= own)
        and not (_tag_set(query.get("not-tags-any")) & own)
    )


def _tag_set(text: str | None) -> set[str]:
    return {word for word in (text or "").split(",") if word}


def _was_changed(context: Context, server: Server) -> bool:
    since, before = _time(context, "changes-since"), _time(context, "changes-before")
    return (since is None or server.updated >= since) and (
        before is None or server.updated <= before
    )


def _time(context: Context, name: str) -> datetime | None:
    text = context.request.args.get(name)
    time = None if text is None else parse_time(text)
    if text is not None and time is None:
        raise context.refused(400, f"Invalid filter field: {name}.")
    return time


def _has_address(context: Context, server: Server, viewer: Viewer) -> bool:
    query = context.request.args
    patterns = [
        (query[name], version) for name, version in (("ip", 4), ("ip6", 6)) if name in query
    ]
    if not patterns:
        return True
    own = [one for found in viewer.addresses(server).values() for one in found]
    return all(
        any(one["version"] == version and re.search(pattern, one["addr"]) for one in own)
        for pattern, version in patterns
    )


def _matches_locked(context: Context, server: Server) -> bool:
    query = context.request.args.get("locked")
    if query is None or context.call.microversion < (2, 73):
        return True
    return is_true(query) == (server.locked_by is not None)


def _sorted(context: Context, servers: list[Server]) -> list[Server]:
    """Return servers in the requested order, the newest first by default."""
    keys = context.request.args.getlist("sort_key") or ["created_at"]
    directions = context.request.args.getlist("sort_dir") or ["desc"]
    directions += [directions[-1]] * (len(keys) - len(directions))
    if "uuid" not in keys:
        keys, directions = [*keys, "uuid"], [*directions, directions[0]]
    for key, direction in reversed(list(zip(keys, directions, strict=False))):
        if key not in _SORT_KEYS:
            raise context.refused(400, f"Sort key supplied is invalid: {key}")
        servers = sorted(servers, key=_SORT_KEYS[key], reverse=direction == "desc")
    return servers
