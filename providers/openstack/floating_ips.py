"""The public address of a server: a floating IP, created for it and deleted with it.

It is created and associated in one call once the server has a port, and Neutron allows one floating
IP for a port: so there is never an unassociated one, nor a second one. Its description contains
the server's id, by which it is found when the server does not exist any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, objects, text
from providers.openstack.instances import get_server
from providers.openstack.paging import get_all
from providers.openstack.states import state_of
from skyclust.errors import Conflict, NotFound, SkyClustError, Terminal, Timeout
from skyclust.model.instance import InstanceState
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

PORT_SECONDS: Final = WAIT_SECONDS
"""How long one call waits for Nova to create the server's port."""


def to_description(server_id: str) -> str:
    """Return the description of the floating IP of a server."""
    return f"skyclust: made for {server_id}"


def add_floating_ip(
    clients: OpenStackClients, region: str, server: Json, external_network: str
) -> Json:
    """Return the server as it is once it has a floating IP.

    A server that fails before it has a port is returned as it is. When Neutron refuses a floating
    IP, the server is deleted, for it does not match its spec, and the error is raised. Raises
    Timeout when the server has no port after PORT_SECONDS; the call may be repeated.
    """
    port = _wait_for_port(clients, region, server["id"])
    if port is not None:
        try:
            _create_floating_ip(clients, region, server["id"], port, external_network)
        except Terminal:
            _delete_server(clients, region, server["id"])
            raise
    return get_server(clients, region, server["id"])


def _wait_for_port(clients: OpenStackClients, region: str, server_id: str) -> str | None:
    """Return the id of a server's port with an IPv4 address, None when the server has failed."""
    for _ in polls(PORT_SECONDS):
        ports = get_all(
            clients,
            region,
            "network",
            "/ports",
            "ports",
            doing=f"look for the port of instance {server_id} in {region}",
            params={"device_id": server_id},
        )
        ready = sorted(
            str(port["id"])
            for port in ports
            if port.get("device_id") == server_id and _has_ipv4(port)
        )
        if ready:
            return ready[0]
        state = state_of(get_server(clients, region, server_id))
        if state in {InstanceState.ERROR, InstanceState.DELETING, InstanceState.DELETED}:
            return None
    raise Timeout(
        f"Instance {server_id} in {region} has no port after {PORT_SECONDS:.0f} s, and so no public"
        " address yet.",
        hint="Repeat the request with the same token: it continues with this instance.",
        provider="openstack",
    )


def _has_ipv4(port: Json) -> bool:
    return any("." in (text(one, "ip_address") or "") for one in objects(port, "fixed_ips") or ())


def _create_floating_ip(
    clients: OpenStackClients, region: str, server_id: str, port: str, external_network: str
) -> None:
    doing = f"create a floating IP for instance {server_id} in {region}"
    body = {
        "floating_network_id": external_network,
        "port_id": port,
        "description": to_description(server_id),
    }
    try:
        clients.call(
            region, "network", "POST", "/floatingips", doing=doing, body={"floatingip": body}
        )
    except Conflict as error:
        # An earlier call has created the floating IP already.
        if error.code != "FloatingIPPortAlreadyAssociated":
            raise


def _delete_server(clients: OpenStackClients, region: str, server_id: str) -> None:
    doing = f"delete instance {server_id} in {region}, which has no public address"
    try:
        clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
    except NotFound:
        return


def delete_floating_ips(clients: OpenStackClients, region: str, server_id: str) -> None:
    """Delete the floating IPs that were created for a server, whether it exists or not.

    A floating IP that has been associated with another server since is kept.
    """
    if not clients.has(region, "network"):
        return
    doing = f"delete the floating IP of instance {server_id} in {region}"
    description = to_description(server_id)
    floating_ips = get_all(
        clients,
        region,
        "network",
        "/floatingips",
        "floatingips",
        doing=doing,
        params={"description": description},
    )
    for floating_ip in floating_ips:
        # A Neutron that does not support the filter lists all floating IPs.
        if floating_ip.get("description") != description:
            continue
        if _is_used_elsewhere(clients, region, floating_ip, server_id):
            continue
        path = f"/floatingips/{floating_ip['id']}"
        try:
            clients.call(region, "network", "DELETE", path, doing=doing)
        except NotFound:
            continue


def _is_used_elsewhere(
    clients: OpenStackClients, region: str, floating_ip: Json, server_id: str
) -> bool:
    """Return whether a floating IP is, or may be, associated with something else than a server."""
    if "port_id" not in floating_ip or objects(floating_ip, "port_forwardings"):
        return True
    port = text(floating_ip, "port_id")
    if port is None:
        return False
    details = floating_ip.get("port_details")
    if details is None:
        doing = f"read port {port} in {region}"
        try:
            details = clients.read(region, "network", f"/ports/{port}", "port", doing=doing)
        except SkyClustError:
            return True  # a port that cannot be read may belong to another project
    return details.get("device_id") != server_id
