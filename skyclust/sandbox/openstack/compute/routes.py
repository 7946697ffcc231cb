"""The operations of nova."""

from __future__ import annotations

from typing import Final

from skyclust.sandbox.openstack.compute import creation, deletion, discovery, flavors, listing
from skyclust.sandbox.openstack.context import Route

ROUTES: Final = (
    Route("GET", "", "versions.list", discovery.list_versions, open=True),
    Route("GET", "/v2.1", "versions.get", discovery.get_version, open=True),
    Route("GET", "/v2.1/servers", "servers.list", listing.list_servers),
    Route("GET", "/v2.1/servers/detail", "servers.list", listing.list_servers_detailed),
    Route("POST", "/v2.1/servers", "servers.create", creation.create_server),
    Route("GET", "/v2.1/servers/<server_id>", "servers.get", listing.get_server),
    Route("DELETE", "/v2.1/servers/<server_id>", "servers.delete", deletion.delete_server),
    Route("GET", "/v2.1/flavors", "flavors.list", flavors.list_flavors),
    Route("GET", "/v2.1/flavors/detail", "flavors.list", flavors.list_flavors_detailed),
    Route("GET", "/v2.1/flavors/<flavor_id>", "flavors.get", flavors.get_flavor),
    Route(
        "GET",
        "/v2.1/flavors/<flavor_id>/os-extra_specs",
        "flavor_extra_specs.list",
        flavors.list_extra_specs,
    ),
)
