"""Lists of neutron's objects: filters, order, pages, fields.

Source: https://docs.openstack.org/api-ref/network/v2/#filtering-and-column-selection
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.collections import (
    NETWORKS,
    PORTS,
    ROUTERS,
    Collection,
    find,
    is_visible,
)
from skyclust_sandbox.openstack.paging import Gone, page_of
from skyclust_sandbox.openstack.wire import Body, reply

_NO_FILTERS: Final = {
    "limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields", "tags", "tags-any",
    "not-tags", "not-tags-any", "fixed_ips",
}  # fmt: skip


def list_objects(context: Context, collection: Collection) -> Response:
    """Return the objects that the caller sees; in pages only when a limit asks for them."""
    found = [
        thing
        for thing in collection.find_all(context.region).values()
        if is_visible(context, thing) and _matches(context, thing)
    ]
    page, more = page_of(
        context,
        _sorted(context, found),
        lambda thing: str(thing["id"]),
        largest=None,
        gone=_gone(context, collection),
    )
    content: Body = {collection.plural: [_shown(context, thing) for thing in page]}
    if more:
        href = more.link(f"{context.base}{collection.path}")
        content[f"{collection.plural}_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _gone(context: Context, collection: Collection) -> Gone | None:
    """Return how a marker that names nothing is refused; None where the list begins anew.

    Networks, ports and routers are looked up, the others are not, and without a limit none is.
    Source: the answers of neutron 28.0.
    """
    if collection not in {NETWORKS, PORTS, ROUTERS} or "limit" not in context.request.args:
        return None
    message = f"{collection.title} {{}} could not be found."
    return Gone(404, message, f"{collection.error}NotFound")


def get_object(context: Context, collection: Collection) -> Response:
    """Return one object; 404 when the caller sees none of this id."""
    thing = find(context, collection, context.argument("id"))
    return reply({collection.singular: _shown(context, thing)})


def _shown(context: Context, thing: Body) -> Body:
    fields = context.request.args.getlist("fields")
    if "device_id" in thing and context.is_admin:
        server = context.region.servers.get(thing["device_id"])
        host = "" if server is None else server.host or ""
        thing = {**thing, "binding:host_id": host, "binding:vif_type": "ovs" if host else "unbound"}
    return {name: thing[name] for name in fields if name in thing} if fields else thing


def _matches(context: Context, thing: Body) -> bool:
    asked = context.request.args
    for name in set(asked) - _NO_FILTERS:
        if name == "ip_address" or name not in thing:
            continue
        if not any(_is(thing[name], value) for value in asked.getlist(name)):
            return False
    return _has_tags(context, thing) and all(
        _has_fixed(thing, wish) for wish in asked.getlist("fixed_ips")
    )


def _is(found: Any, value: str) -> bool:
    if isinstance(found, bool):
        return value.lower() in ({"true", "1"} if found else {"false", "0"})
    if isinstance(found, list):
        return value in found
    return value == ("" if found is None else str(found))


def _has_fixed(port: Body, wish: str) -> bool:
    name, _, value = wish.partition("=")
    return any(fixed.get(name) == value for fixed in port.get("fixed_ips", ()))


def _has_tags(context: Context, thing: Body) -> bool:
    asked, own = context.request.args, set(thing["tags"])
    wanted = {name: set(asked[name].split(",")) for name in asked if "tags" in name}
    return (
        wanted.get("tags", set()) <= own
        and ("tags-any" not in wanted or bool(wanted["tags-any"] & own))
        and ("not-tags" not in wanted or not wanted["not-tags"] <= own)
        and not (wanted.get("not-tags-any", set()) & own)
    )


def _sorted(context: Context, things: list[Body]) -> list[Body]:
    """Return objects as asked for, else by id."""
    keys = context.request.args.getlist("sort_key")
    directions = context.request.args.getlist("sort_dir")
    directions += ["asc"] * (len(keys) - len(directions))
    orders = [*zip(keys, directions, strict=False), ("id", "asc")]
    for key, direction in reversed(orders):
        things = _by(things, key, downwards=direction == "desc")
    return things


def _by(things: list[Body], key: str, *, downwards: bool) -> list[Body]:
    return sorted(things, key=lambda thing: str(thing.get(key)), reverse=downwards)
