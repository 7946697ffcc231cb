"""Flavors.

Source: https://docs.openstack.org/api-ref/compute/#flavors
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import page_of
from skyclust_sandbox.openstack.state import Flavor
from skyclust_sandbox.openstack.wire import Body, reply


def list_flavors(context: Context) -> Response:
    """Return a page of flavors with their names only."""
    return _list(context, "flavors", detailed=False)


def list_flavors_detailed(context: Context) -> Response:
    """Return a page of flavors with all attributes."""
    return _list(context, "flavors/detail", detailed=True)


def get_flavor(context: Context) -> Response:
    """Return a flavor; 404 when it does not exist."""
    return reply({"flavor": _detailed(context, _find(context))})


def list_extra_specs(context: Context) -> Response:
    """Return the extra specs of a flavor."""
    return reply({"extra_specs": _find(context).extra_specs})


def _find(context: Context) -> Flavor:
    flavor_id = context.argument("flavor_id")
    flavor = context.region.flavors.get(flavor_id)
    if flavor is None:
        raise context.refused(404, f"Flavor {flavor_id} could not be found.")
    return flavor


def _list(context: Context, path: str, *, detailed: bool) -> Response:
    least_memory = _least(context, "minRam")
    least_disk = _least(context, "minDisk")
    flavors = sorted(
        (
            flavor
            for flavor in context.region.flavors.values()
            if flavor.memory >= least_memory and flavor.disk >= least_disk
        ),
        key=lambda flavor: flavor.id,
    )
    page, next_page = page_of(context, flavors, lambda flavor: flavor.id)
    show = _detailed if detailed else _brief
    content: Body = {"flavors": [show(context, flavor) for flavor in page]}
    if next_page:
        href = next_page.link(f"{context.base_url}/v2.1/{path}")
        content["flavors_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _least(context: Context, name: str) -> int:
    text = context.request.args.get(name, "0")
    if not text.isdigit():
        raise context.refused(400, f"Invalid {name} filter [{text}]")
    return int(text)


def _brief(context: Context, flavor: Flavor) -> Body:
    view: Body = {
        "id": flavor.id,
        "name": flavor.name,
        "links": [
            {"rel": "self", "href": f"{context.base_url}/v2.1/flavors/{flavor.id}"},
            {"rel": "bookmark", "href": f"{context.base_url}/flavors/{flavor.id}"},
        ],
    }
    if context.call.microversion >= (2, 55):
        view["description"] = flavor.description
    return view


def _detailed(context: Context, flavor: Flavor) -> Body:
    version = context.call.microversion
    view = _brief(context, flavor)
    view.update(
        {
            "vcpus": flavor.vcpus,
            "ram": flavor.memory,
            "disk": flavor.disk,
            "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral,
            "swap": flavor.swap if flavor.swap or version >= (2, 75) else "",
            "OS-FLV-DISABLED:disabled": False,
            "os-flavor-access:is_public": True,
            "rxtx_factor": 1.0,
        }
    )
    if version >= (2, 61):
        view["extra_specs"] = flavor.extra_specs
    return view
