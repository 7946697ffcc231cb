"""The operations of nova."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.compute import (
    actions,
    attachments,
    changes,
    creation,
    deletion,
    discovery,
    flavors,
    groups,
    interfaces,
    keypairs,
    limits,
    listing,
    metadata,
    tags,
)
from skyclust_sandbox.openstack.context import Route

_SERVER: Final = "/v2.1/servers/<server_id>"
_VOLUMES: Final = f"{_SERVER}/os-volume_attachments"
_ITEM: Final = f"{_SERVER}/metadata/<key>"
_TAG: Final = f"{_SERVER}/tags/<tag>"
_QUOTAS: Final = "/v2.1/os-quota-sets/<project_id>"

ROUTES: Final = (
    Route("GET", "", "versions.list", discovery.list_versions, open=True),
    Route("GET", "/v2.1", "versions.get", discovery.get_version, open=True),
    Route("GET", "/v2.1/servers", "servers.list", listing.list_servers),
    Route("GET", "/v2.1/servers/detail", "servers.list", listing.list_servers_detailed),
    Route("POST", "/v2.1/servers", "servers.create", creation.create_server),
    Route("GET", _SERVER, "servers.get", listing.get_server),
    Route("PUT", _SERVER, "servers.update", changes.update_server),
    Route("DELETE", _SERVER, "servers.delete", deletion.delete_server),
    Route("POST", f"{_SERVER}/action", "servers.*", actions.act),
    Route("GET", f"{_SERVER}/ips", "server_addresses.list", changes.list_addresses),
    Route("GET", f"{_SERVER}/os-security-groups", "server_groups.list", groups.list_groups),
    Route("GET", f"{_SERVER}/metadata", "server_metadata.list", metadata.get_metadata),
    Route("POST", f"{_SERVER}/metadata", "server_metadata.update", metadata.update_metadata),
    Route("PUT", f"{_SERVER}/metadata", "server_metadata.replace", metadata.replace_metadata),
    Route("GET", _ITEM, "server_metadata.get", metadata.get_item),
    Route("PUT", _ITEM, "server_metadata.set", metadata.set_item),
    Route("DELETE", _ITEM, "server_metadata.delete", metadata.delete_item),
    Route("GET", f"{_SERVER}/tags", "server_tags.list", tags.list_tags),
    Route("PUT", f"{_SERVER}/tags", "server_tags.replace", tags.replace_tags),
    Route("DELETE", f"{_SERVER}/tags", "server_tags.delete", tags.delete_tags),
    Route("GET", _TAG, "server_tags.get", tags.get_tag),
    Route("PUT", _TAG, "server_tags.add", tags.add_tag),
    Route("DELETE", _TAG, "server_tags.remove", tags.delete_tag),
    Route("GET", _VOLUMES, "volume_attachments.list", attachments.list_attachments),
    Route("POST", _VOLUMES, "volume_attachments.create", attachments.create_attachment),
    Route("GET", f"{_VOLUMES}/<volume_id>", "volume_attachments.get", attachments.get_attachment),
    Route(
        "PUT", f"{_VOLUMES}/<volume_id>", "volume_attachments.update", attachments.update_attachment
    ),
    Route(
        "DELETE",
        f"{_VOLUMES}/<volume_id>",
        "volume_attachments.delete",
        attachments.delete_attachment,
    ),
    Route("GET", f"{_SERVER}/os-interface", "interfaces.list", interfaces.list_interfaces),
    Route("POST", f"{_SERVER}/os-interface", "interfaces.create", interfaces.create_interface),
    Route("GET", f"{_SERVER}/os-interface/<port_id>", "interfaces.get", interfaces.get_interface),
    Route(
        "DELETE",
        f"{_SERVER}/os-interface/<port_id>",
        "interfaces.delete",
        interfaces.delete_interface,
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
    Route("GET", "/v2.1/os-availability-zone", "availability_zones.list", limits.list_zones),
    Route("GET", "/v2.1/limits", "limits.get", limits.get_limits),
    Route("GET", "/v2.1/extensions", "extensions.list", limits.list_extensions),
    Route("GET", _QUOTAS, "quotas.get", limits.get_quotas),
    Route("GET", f"{_QUOTAS}/detail", "quotas.get", limits.get_quotas_detailed),
    Route("PUT", _QUOTAS, "quotas.update", limits.set_quotas),
)
