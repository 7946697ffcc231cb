"""The public address of a machine: a floating address, made for it and deleted with it.

It is made and associated in one call, when the machine's port is there, and Neutron lets a port
have one only: so there is never one that leads nowhere, nor a second one. The machine's id
stands in its description, so it is found again when the machine is gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, objects, required_text, text
from providers.openstack.instances import get_server
from providers.openstack.paging import get_all
from providers.openstack.states import to_state
from skyclust.errors import Conflict, NotFound, SkyClustError, Terminal, Timeout
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

PORT_SECONDS: Final = 60.0
"""How long one call waits for Nova to make the machine's port."""

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0


def to_description(server_id: str) -> str:
    """Return the description of the floating address of a machine."""
    return f"skyclust: made for {server_id}"


def give_address(clients: OpenStackClients, region: str, server: Json, external: str) -> Json:
    """Return the server as it is once it has a floating address.

    One that fails before it has a port is returned as it is. When Neutron gives no address the
    server is deleted, for it cannot be made as asked, and the error is raised. Raises Timeout
    when the port does not come; the call may be repeated.
    """
    port = _awaited_port(clients, region, server["id"])
    if port is not None:
        try:
            _associate(clients, region, server["id"], port, external)
        except Terminal:
            _delete_server(clients, region, server["id"])
            raise
    return get_server(clients, region, server["id"])


def _awaited_port(clients: OpenStackClients, region: str, server_id: str) -> str | None:
    """Return the id of a server's port, None when the server has failed."""
    end = time.monotonic() + PORT_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
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
            if port.get("device_id") == server_id and _has_version_4(port)
        )
        if ready:
            return ready[0]
        server = get_server(clients, region, server_id)
        state = to_state(required_text(server, "status"), text(server, "OS-EXT-STS:task_state"))
        if state in {InstanceState.ERROR, InstanceState.DELETING, InstanceState.DELETED}:
            return None
        if time.monotonic() + pause > end:
            raise Timeout(
                f"Instance {server_id} in {region} has no port after {PORT_SECONDS:.0f} s, and so"
                " no public address yet.",
                hint="Ask again with the same token: it goes on with this instance.",
                provider="openstack",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _has_version_4(port: Json) -> bool:
    return any("." in (text(one, "ip_address") or "") for one in objects(port, "fixed_ips") or ())


def _associate(
    clients: OpenStackClients, region: str, server_id: str, port: str, external: str
) -> None:
    doing = f"make a public address for instance {server_id} in {region}"
    body = {
        "floating_network_id": external,
        "port_id": port,
        "description": to_description(server_id),
    }
    try:
        clients.call(
            region, "network", "POST", "/floatingips", doing=doing, body={"floatingip": body}
        )
    except Conflict as error:
        # Whoever repeats the call finds the address that was made before.
        if error.code != "FloatingIPPortAlreadyAssociated":
            raise


def _delete_server(clients: OpenStackClients, region: str, server_id: str) -> None:
    doing = f"delete instance {server_id} in {region}, which has no public address"
    try:
        clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
    except NotFound:
        return


def remove_addresses(clients: OpenStackClients, region: str, server_id: str) -> None:
    """Delete the floating addresses that were made for a machine, whether it exists or not.

    One that somebody has led to another machine since is left to that.
    """
    if not clients.has(region, "network"):
        return
    doing = f"delete the public address of instance {server_id} in {region}"
    made = get_all(
        clients,
        region,
        "network",
        "/floatingips",
        "floatingips",
        doing=doing,
        params={"description": to_description(server_id)},
    )
    for address in made:
        # A Neutron that does not know the filter lists all floating addresses.
        if address.get("description") != to_description(server_id):
            continue
        if _leads_elsewhere(clients, region, address, server_id):
            continue
        path = f"/floatingips/{address['id']}"
        try:
            clients.call(region, "network", "DELETE", path, doing=doing)
        except NotFound:
            continue


def _leads_elsewhere(clients: OpenStackClients, region: str, address: Json, server_id: str) -> bool:
    if "port_id" not in address or objects(address, "port_forwardings"):
        return True
    port = text(address, "port_id")
    if port is None:
        return False
    details = address.get("port_details")
    if details is None:
        doing = f"read port {port} in {region}"
        try:
            details = clients.read(region, "network", f"/ports/{port}", "port", doing=doing)
        except SkyClustError:
            return True  # what cannot be seen is not ours to delete
    return details.get("device_id") != server_id
