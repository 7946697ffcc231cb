"""The operations of nova."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.compute import (
    availability_zones,
    extensions,
    flavors,
    keypairs,
    limits,
    port_interfaces,
    server_actions,
    server_create,
    server_delete,
    server_list,
    server_metadata,
    server_security_groups,
    server_tags,
    server_update,
    versions,
    volume_attachments,
)
from skyclust_sandbox.openstack.context import Route

_SERVER: Final = "/v2.1/servers/<server_id>"
_VOLUMES: Final = f"{_SERVER}/os-volume_attachments"
_ITEM: Final = f"{_SERVER}/metadata/<key>"
_TAG: Final = f"{_SERVER}/tags/<tag>"
_QUOTAS: Final = "/v2.1/os-quota-sets/<project_id>"

ROUTES: Final = (
    Route("GET", "", "versions.list", versions.list_versions, open=True),
    Route("GET", "/v2.1", "versions.get", versions.get_version, open=True),
    Route("GET", "/v2.1/servers", "servers.list", server_list.list_servers),
    Route("GET", "/v2.1/servers/detail", "servers.list", server_list.list_servers_detailed),
    Route("POST", "/v2.1/servers", "servers.create", server_create.create_server),
    Route("GET", _SERVER, "servers.get", server_list.get_server),
    Route("PUT", _SERVER, "servers.update", server_update.update_server),
    Route("DELETE", _SERVER, "servers.delete", server_delete.delete_server),
    Route("POST", f"{_SERVER}/action", "servers.*", server_actions.run_action),
    Route("GET", f"{_SERVER}/ips", "server_addresses.list", server_update.list_addresses),
    Route(
        "GET",
        f"{_SERVER}/os-security-groups",
        "server_groups.list",
        server_security_groups.list_groups,
    ),
    Route("GET", f"{_SERVER}/metadata", "server_metadata.list", server_metadata.get_metadata),
    Route("POST", f"{_SERVER}/metadata", "server_metadata.update", server_metadata.update_metadata),
    Route(
        "PUT", f"{_SERVER}/metadata", "server_metadata.replace", server_metadata.replace_metadata
    ),
    Route("GET", _ITEM, "server_metadata.get", server_metadata.get_item),
    Route("PUT", _ITEM, "server_metadata.set", server_metadata.set_item),
    Route("DELETE", _ITEM, "server_metadata.delete", server_metadata.delete_item),
    Route("GET", f"{_SERVER}/tags", "server_tags.list", server_tags.list_tags),
    Route("PUT", f"{_SERVER}/tags", "server_tags.replace", server_tags.replace_tags),
    Route("DELETE", f"{_SERVER}/tags", "server_tags.delete", server_tags.delete_tags),
    Route("GET", _TAG, "server_tags.get", server_tags.get_tag),
    Route("PUT", _TAG, "server_tags.add", server_tags.add_tag),
    Route("DELETE", _TAG, "server_tags.remove", server_tags.delete_tag),
    Route("GET", _VOLUMES, "volume_attachments.list", volume_attachments.list_attachments),
    Route("POST", _VOLUMES, "volume_attachments.create", volume_attachments.create_attachment),
    Route(
        "GET",
        f"{_VOLUMES}/<volume_id>",
        "volume_attachments.get",
        volume_attachments.get_attachment,
    ),
    Route(
        "PUT",
        f"{_VOLUMES}/<volume_id>",
        "volume_attachments.update",
        volume_attachments.update_attachment,
    ),
    Route(
        "DELETE",
        f"{_VOLUMES}/<volume_id>",
        "volume_attachments.delete",
        volume_attachments.delete_attachment,
    ),
    Route("GET", f"{_SERVER}/os-interface", "interfaces.list", port_interfaces.list_interfaces),
    Route("POST", f"{_SERVER}/os-interface", "interfaces.create", port_interfaces.create_interface),
    Route(
        "GET", f"{_SERVER}/os-interface/<port_id>", "interfaces.get", port_interfaces.get_interface
    ),
    Route(
        "DELETE",
        f"{_SERVER}/os-interface/<port_id>",
        "interfaces.delete",
        port_interfaces.delete_interface,
    ),
    Route("GET", "/v2.1/flavors", "flavors.list", flavors.list_flavors),
    Route("GET", "/v2.1/flavors/detail", "flavors.list", flavors.list_flavors_detailed),
    Route("GET", "/v2.1/flavors/<flavor_id>", "flavors.get", flavors.get_flavor),
    Route(
        "GET",
        "/v2.1/flavors/<flavor_id>/os-extra_specs",
        "flavor_extra_specs.list",
        flavors.list_extra_specs,
    ),
    Route("GET", "/v2.1/os-keypairs", "keypairs.list", keypairs.list_keypairs),
    Route("POST", "/v2.1/os-keypairs", "keypairs.create", keypairs.create_keypair),
    Route("GET", "/v2.1/os-keypairs/<name>", "keypairs.get", keypairs.get_keypair),
    Route("DELETE", "/v2.1/os-keypairs/<name>", "keypairs.delete", keypairs.delete_keypair),
    Route(
        "GET",
        "/v2.1/os-availability-zone",
        "availability_zones.list",
        availability_zones.list_zones,
    ),
    Route("GET", "/v2.1/limits", "limits.get", limits.get_limits),
    Route("GET", "/v2.1/extensions", "extensions.list", extensions.list_extensions),
    Route("GET", _QUOTAS, "quotas.get", limits.get_quotas),
    Route("GET", f"{_QUOTAS}/detail", "quotas.get", limits.get_quotas_detailed),
    Route("PUT", _QUOTAS, "quotas.update", limits.set_quotas),
)
