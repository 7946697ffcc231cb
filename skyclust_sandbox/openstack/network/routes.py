"""The operations of neutron v2.0."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context, Route
from skyclust_sandbox.openstack.network import (
    creation,
    floating_ips,
    lists,
    quotas,
    tags,
    updates,
    versions,
)
from skyclust_sandbox.openstack.network.collections import COLLECTIONS, Collection

_CREATIONS: Final[dict[str, Callable[[Context], Response]]] = {
    "networks": creation.create_network,
    "subnets": creation.create_subnet,
    "ports": creation.create_port,
    "security_groups": creation.create_security_group,
    "security_group_rules": creation.create_rule,
    "floatingips": floating_ips.create_floating_ip,
}


def _routes(collection: Collection) -> list[Route]:
    """Return the operations that every collection has."""
    path, noun = collection.path, collection.plural
    item = f"{path}/<id>"

    def bind(
        function: Callable[[Context, Collection], Response],
    ) -> Callable[[Context], Response]:
        return partial(_call, function, collection)

    update = (
        floating_ips.update_floating_ip if noun == "floatingips" else bind(updates.update_resource)
    )
    return [
        Route("GET", path, f"{noun}.list", bind(lists.list_resources)),
        Route("GET", item, f"{noun}.get", bind(lists.get_resource)),
        Route("PUT", item, f"{noun}.update", update),
        Route("DELETE", item, f"{noun}.delete", bind(updates.delete_resource)),
        Route("GET", f"{item}/tags", f"{noun}_tags.list", bind(tags.list_tags)),
        Route("PUT", f"{item}/tags", f"{noun}_tags.replace", bind(tags.replace_tags)),
        Route("DELETE", f"{item}/tags", f"{noun}_tags.delete", bind(tags.delete_tags)),
        Route("PUT", f"{item}/tags/<tag>", f"{noun}_tags.add", bind(tags.add_tag)),
        Route("DELETE", f"{item}/tags/<tag>", f"{noun}_tags.remove", bind(tags.delete_tag)),
    ]


def _call(
    function: Callable[[Context, Collection], Response], collection: Collection, context: Context
) -> Response:
    return function(context, collection)


_QUOTAS: Final = "/v2.0/quotas/<project_id>"

ROUTES: Final = (
    Route("GET", "", "versions.list", versions.list_versions, open=True),
    Route("GET", "/v2.0", "versions.get", versions.list_resources),
    *(route for collection in COLLECTIONS for route in _routes(collection)),
    *(
        Route("POST", collection.path, f"{collection.plural}.create", _CREATIONS[collection.plural])
        for collection in COLLECTIONS
        if collection.plural in _CREATIONS
    ),
    Route("GET", "/v2.0/extensions", "extensions.list", versions.list_extensions),
    Route("GET", "/v2.0/extensions/<alias>", "extensions.get", versions.get_extension),
    Route("GET", _QUOTAS, "quotas.get", quotas.get_quotas),
    Route("GET", f"{_QUOTAS}/details", "quotas.get", quotas.get_quotas_detailed),
    Route("GET", f"{_QUOTAS}/details.json", "quotas.get", quotas.get_quotas_detailed),
    Route("PUT", _QUOTAS, "quotas.update", quotas.set_quotas),
)
