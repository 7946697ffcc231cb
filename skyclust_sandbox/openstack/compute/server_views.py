"""Servers as nova shows them at each microversion.

Source: https://docs.openstack.org/nova/latest/reference/api-microversion-history.html
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from skyclust_sandbox.openstack.compute.server_status import status_of
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Flavor, Server
from skyclust_sandbox.openstack.wire import Body, bare_time, seconds_time

_WITH_PROGRESS = {"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"}


@dataclass(frozen=True)
class Viewer:
    """The representation of servers for one caller.

    Data that all servers need is looked up once.
    """

    context: Context
    floating: dict[str, list[Body]]
    version: tuple[int, int]

    def basic(self, server: Server) -> Body:
        """Return a server as a brief list shows it."""
        return {"id": server.id, "name": server.name, "links": server_links(self.context, server)}

    def unknown(self, server: Server) -> Body:
        """Return the few attributes that nova knows of a server in a cell that is down.

        Since 2.69.
        """
        return {
            "id": server.id,
            "status": "UNKNOWN",
            "tenant_id": server.project_id,
            "created": seconds_time(server.created),
            "links": server_links(self.context, server),
        }

    def detailed(self, server: Server, *, alone: bool) -> Body:
        """Return a server with all attributes; `alone` when it is not an item of a list."""
        view = self._always(server)
        status = view["status"]
        if status in {"ERROR", "DELETED"} and server.fault is not None:
            view["fault"] = self._fault(server.fault)
        if status in _WITH_PROGRESS:
            view["progress"] = 100 if status == "VERIFY_RESIZE" else 0
        if self.context.is_admin:
            view.update(self._for_administrators(server))
        elif self.version >= (2, 90):
            view["OS-EXT-SRV-ATTR:hostname"] = server.hostname
        view.update(self._by_version(server))
        if alone and self.version >= (2, 71):
            view["server_groups"] = []
        return view

    def _always(self, server: Server) -> Body:
        return {
            "id": server.id,
            "name": server.name,
            "status": status_of(server),
            "tenant_id": server.project_id,
            "user_id": server.user_id,
            "metadata": server.metadata,
            "hostId": _host_id(server),
            "image": self._image(server),
            "flavor": flavor_of(self.context, server.flavor, self.version),
            "created": seconds_time(server.created),
            "updated": seconds_time(server.updated),
            "addresses": self.addresses(server),
            "accessIPv4": server.access_ipv4,
            "accessIPv6": server.access_ipv6,
            "links": server_links(self.context, server),
            "OS-DCF:diskConfig": server.disk_config,
            "OS-EXT-AZ:availability_zone": server.zone if server.host else "",
            "config_drive": "True" if server.config_drive else "",
            "key_name": server.key_name,
            "OS-SRV-USG:launched_at": bare_time(server.launched_at),
            "OS-SRV-USG:terminated_at": bare_time(server.terminated_at),
            "OS-EXT-STS:task_state": server.task_state,
            "OS-EXT-STS:vm_state": server.vm_state,
            "OS-EXT-STS:power_state": server.power_state,
            "os-extended-volumes:volumes_attached": [
                {
                    "id": attachment.volume_id,
                    **(
                        {"delete_on_termination": attachment.delete_on_termination}
                        if self.version >= (2, 3)
                        else {}
                    ),
                }
                for attachment in server.attachments
            ],
            **self._groups(server),
        }

    def _groups(self, server: Server) -> Body:
        """Return the groups of all ports.

        A server without ports shows the groups of its request.
        """
        names = [
            self.context.region.security_groups[group_id]["name"]
            for port_id in server.port_ids
            for group_id in self.context.region.ports[port_id]["security_groups"]
            if group_id in self.context.region.security_groups
        ]
        names = names or ([] if server.port_ids else server.groups)
        return {"security_groups": [{"name": name} for name in names]} if names else {}

    def _by_version(self, server: Server) -> Body:
        view: Body = {}
        if self.version >= (2, 9):
            view["locked"] = server.locked_by is not None
        if self.version >= (2, 16) and self.context.is_admin:
            view["host_status"] = "UP" if server.host else ""
        if self.version >= (2, 19):
            view["description"] = server.description
        if self.version >= (2, 26):
            view["tags"] = server.tags
        if self.version >= (2, 63):
            view["trusted_image_certificates"] = server.trusted_certificates
        if self.version >= (2, 73):
            view["locked_reason"] = server.locked_reason
        if self.version >= (2, 96):
            view["pinned_availability_zone"] = server.pinned_zone
        if self.version >= (2, 100):
            view["scheduler_hints"] = server.scheduler_hints
        return view

    def _for_administrators(self, server: Server) -> Body:
        prefix = "OS-EXT-SRV-ATTR:"
        view: Body = {
            f"{prefix}host": server.host,
            f"{prefix}hypervisor_hostname": server.host,
            f"{prefix}instance_name": f"instance-{server.id[:8]}",
        }
        if self.version >= (2, 3):
            view.update(
                {
                    f"{prefix}reservation_id": server.reservation_id,
                    f"{prefix}launch_index": 0,
                    f"{prefix}hostname": server.hostname,
                    f"{prefix}kernel_id": "",
                    f"{prefix}ramdisk_id": "",
                    f"{prefix}root_device_name": "/dev/vda",
                    f"{prefix}user_data": server.user_data,
                }
            )
        return view

    def addresses(self, server: Server) -> Body:
        """Return the addresses of a server by network name."""
        region = self.context.region
        view: dict[str, list[Body]] = {}
        for port_id in server.port_ids:
            port = region.ports[port_id]
            network = region.networks[port["network_id"]]["name"]
            addresses = view.setdefault(network, [])
            addresses += [
                _address(fixed["ip_address"], port, "fixed") for fixed in port["fixed_ips"]
            ]
            addresses += [
                _address(floating_ip["floating_ip_address"], port, "floating")
                for floating_ip in self.floating.get(port_id, ())
            ]
        return view

    def _image(self, server: Server) -> Body | str:
        if not server.image_id:
            return ""
        view: Body = {
            "id": server.image_id,
            "links": [
                {"rel": "bookmark", "href": f"{self.context.base_url}/images/{server.image_id}"}
            ],
        }
        if self.version >= (2, 98):
            image = self.context.region.images.get(server.image_id)
            view["properties"] = {} if image is None else image.properties
        return view

    def _fault(self, fault: Body) -> Body:
        """Return a fault; only administrators see the details of one with code 500."""
        hidden = fault["code"] == 500 and not self.context.is_admin
        return {key: value for key, value in fault.items() if not (hidden and key == "details")}


def make_viewer(context: Context) -> Viewer:
    """Return the viewer of servers for the caller."""
    floating: dict[str, list[Body]] = {}
    for floating_ip in context.region.floating_ips.values():
        if floating_ip["port_id"]:
            floating.setdefault(floating_ip["port_id"], []).append(floating_ip)
    return Viewer(context, floating, context.call.microversion)


def server_links(context: Context, server: Server) -> list[Body]:
    """Return the links of a server."""
    return [
        {"rel": "self", "href": f"{context.base_url}/v2.1/servers/{server.id}"},
        {"rel": "bookmark", "href": f"{context.base_url}/servers/{server.id}"},
    ]


def flavor_of(context: Context, flavor: Flavor, version: tuple[int, int]) -> Body:
    """Return a server's flavor: a link before 2.47, its attributes at the creation since then."""
    if version < (2, 47):
        href = f"{context.base_url}/flavors/{flavor.id}"
        return {"id": flavor.id, "links": [{"rel": "bookmark", "href": href}]}
    return {
        "vcpus": flavor.vcpus,
        "ram": flavor.memory,
        "disk": flavor.disk,
        "ephemeral": flavor.ephemeral,
        "swap": flavor.swap,
        "original_name": flavor.name,
        "extra_specs": flavor.extra_specs,
    }


def _address(address: str, port: Body, kind: str) -> Body:
    return {
        "addr": address,
        "version": 6 if ":" in address else 4,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
    }


def _host_id(server: Server) -> str:
    if server.host is None:
        return ""
    return hashlib.sha224(f"{server.project_id}{server.host}".encode()).hexdigest()
