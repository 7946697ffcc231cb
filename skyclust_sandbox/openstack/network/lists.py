"""Lists of neutron's resources: filters, order, pages and fields.

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
from skyclust_sandbox.openstack.paging import UnknownMarker, page_of
from skyclust_sandbox.openstack.wire import Body, reply

_NO_FILTERS: Final = {
    "limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields", "tags", "tags-any",
    "not-tags", "not-tags-any", "fixed_ips",
}  # fmt: skip


def list_resources(context: Context, collection: Collection) -> Response:
    """Return the resources that the caller sees; paged only when the query has a limit."""
    resources = [
        resource
        for resource in collection.find_all(context.region).values()
        if is_visible(context, resource) and _matches(context, resource)
    ]
    page, next_page = page_of(
        context,
        _sorted(context, resources),
        lambda resource: str(resource["id"]),
        largest=None,
        unknown_marker=_unknown_marker(context, collection),
    )
    content: Body = {collection.plural: [_shown(context, resource) for resource in page]}
    if next_page:
        href = next_page.link(f"{context.base_url}{collection.path}")
        content[f"{collection.plural}_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _unknown_marker(context: Context, collection: Collection) -> UnknownMarker | None:
    """Return the refusal of an unknown marker; None where neutron starts from the beginning.

    Neutron looks up the marker of networks, ports and routers, not that of other collections, and
    none without a limit. Source: the replies of neutron 28.0.
    """
    if collection not in {NETWORKS, PORTS, ROUTERS} or "limit" not in context.request.args:
        return None
    message = f"{collection.title} {{}} could not be found."
    return UnknownMarker(404, message, f"{collection.error}NotFound")


def get_resource(context: Context, collection: Collection) -> Response:
    """Return one resource; 404 when it does not exist or the caller may not see it."""
    resource = find(context, collection, context.argument("id"))
    return reply({collection.singular: _shown(context, resource)})


def _shown(context: Context, resource: Body) -> Body:
    fields = context.request.args.getlist("fields")
    if "device_id" in resource and context.is_admin:
        server = context.region.servers.get(resource["device_id"])
        host = "" if server is None else server.host or ""
        resource = {
            **resource,
            "binding:host_id": host,
            "binding:vif_type": "ovs" if host else "unbound",
        }
    return {name: resource[name] for name in fields if name in resource} if fields else resource


def _matches(context: Context, resource: Body) -> bool:
    query = context.request.args
    for name in set(query) - _NO_FILTERS:
        if name == "ip_address" or name not in resource:
            continue
        if not any(_is(resource[name], value) for value in query.getlist(name)):
            return False
    return _has_tags(context, resource) and all(
        _has_fixed(resource, fixed_ip) for fixed_ip in query.getlist("fixed_ips")
    )


def _is(actual: Any, value: str) -> bool:
    if isinstance(actual, bool):
        return value.lower() in ({"true", "1"} if actual else {"false", "0"})
    if isinstance(actual, list):
        return value in actual
    return value == ("" if actual is None else str(actual))


def _has_fixed(port: Body, fixed_ip: str) -> bool:
    name, _, value = fixed_ip.partition("=")
    return any(fixed.get(name) == value for fixed in port.get("fixed_ips", ()))


def _has_tags(context: Context, resource: Body) -> bool:
    query, own = context.request.args, set(resource["tags"])
    tags = {name: set(query[name].split(",")) for name in query if "tags" in name}
    return (
        tags.get("tags", set()) <= own
        and ("tags-any" not in tags or bool(tags["tags-any"] & own))
        and ("not-tags" not in tags or not tags["not-tags"] <= own)
        and not (tags.get("not-tags-any", set()) & own)
    )


def _sorted(context: Context, resources: list[Body]) -> list[Body]:
    """Return resources in the requested order, by id by default."""
    keys = context.request.args.getlist("sort_key")
    directions = context.request.args.getlist("sort_dir")
    directions += ["asc"] * (len(keys) - len(directions))
    orders = [*zip(keys, directions, strict=False), ("id", "asc")]
    for key, direction in reversed(orders):
        resources = _by(resources, key, downwards=direction == "desc")
    return resources


def _by(resources: list[Body], key: str, *, downwards: bool) -> list[Body]:
    return sorted(resources, key=lambda resource: str(resource.get(key)), reverse=downwards)
