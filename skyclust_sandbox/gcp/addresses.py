"""Addresses that are reserved, regional and global."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import path_in, scope_link
from skyclust_sandbox.gcp.network_interfaces import free_public_address
from skyclust_sandbox.gcp.operations import begin
from skyclust_sandbox.gcp.quotas import address_excess
from skyclust_sandbox.gcp.resources import (
    new_resource,
    require_labels,
    require_new,
    with_labels,
)
from skyclust_sandbox.gcp.responses import Resource, in_use
from skyclust_sandbox.gcp.state import Work

_KEPT = ("description", "network", "subnetwork", "purpose", "prefixLength", "address")


def insert(work: Work) -> Resource:
    """Reserve an address."""
    where = require_new(work, "addresses")
    body = work.body
    require_labels(body.get("labels", {}))
    address = new_resource(work.world, where, "compute#address")
    address |= {
        "status": "RESERVED",
        "address": free_public_address(work.project),
        "addressType": body.get("addressType", "EXTERNAL"),
        "ipVersion": body.get("ipVersion", "IPV4"),
        "networkTier": body.get("networkTier", "PREMIUM"),
        **{name: body[name] for name in _KEPT if name in body},
    }
    if where.scope != "global":
        address["region"] = scope_link(work.project.name, where.scope)
    with_labels(address, body.get("labels"))
    failure = work.failure or address_excess(work.project, where.scope)
    shelf = work.project.shelf("addresses", where.scope)
    shelf[where.name] = address

    def undo() -> None:
        shelf.pop(where.name, None)

    return begin(work, "insert", where, address["id"], undo=undo, failure=failure)


def delete(work: Work) -> Resource:
    """Give an address back that nothing uses."""
    where = work.reference("addresses", work.path["address"])
    address = work.world.get(where)
    for user in address.get("users", ()):
        raise in_use(where.path, path_in(user))

    def finish() -> None:
        work.project.shelf("addresses", where.scope).pop(where.name, None)

    return begin(work, "delete", where, address["id"], finish=finish)
