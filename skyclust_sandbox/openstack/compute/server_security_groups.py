"""The security groups of servers: those of all their ports.

Source: https://docs.openstack.org/api-ref/compute/#add-security-group-to-a-server-addsecuritygroup-action
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.wire import Body, empty, reply


def list_groups(context: Context) -> Response:
    """Return the security groups of a server, without duplicates."""
    server = find_server(context)
    region = context.region
    ids = {
        group_id for port in server.port_ids for group_id in region.ports[port]["security_groups"]
    }
    groups = [
        {
            "id": group["id"],
            "name": group["name"],
            "description": group["description"],
            "tenant_id": group["project_id"],
            "rules": [],
        }
        for group in region.security_groups.values()
        if group["id"] in ids
    ]
    return reply({"security_groups": groups})


def add_group(context: Context, server: Server, details: Any) -> Response:
    """Add a security group to all ports of a server."""
    group = _find(context, server, details)
    for port_id in server.port_ids:
        groups = context.region.ports[port_id]["security_groups"]
        if group["id"] not in groups:
            groups.append(group["id"])
    return empty(202)


def remove_group(context: Context, server: Server, details: Any) -> Response:
    """Remove a security group from all ports of a server; 404 when no port has it."""
    group = _find(context, server, details)
    ports = [context.region.ports[port_id] for port_id in server.port_ids]
    held = [port for port in ports if group["id"] in port["security_groups"]]
    if not held:
        raise context.refused(
            404,
            f"Security group {group['name']} not associated with the instance {server.id}",
        )
    for port in held:
        port["security_groups"].remove(group["id"])
    return empty(202)


def _find(context: Context, server: Server, details: Any) -> Body:
    name = (details or {}).get("name")
    groups = [
        group
        for group in context.region.security_groups.values()
        if group["project_id"] == server.project_id and name in (group["id"], group["name"])
    ]
    if not groups:
        raise context.refused(404, f"Unable to find security_group with name or id '{name}'")
    if len(groups) > 1:
        raise context.refused(409, f"Multiple security_group matches found for name '{name}'.")
    return groups[0]
