"""Load balancers: list, show, create, delete.

Source: https://docs.openstack.org/api-ref/load-balancer/v2/#load-balancers
"""

from __future__ import annotations

import uuid

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.network.ports import NoAddress, make_port, remove_port
from skyclust_sandbox.openstack.paging import page_of
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body, empty, now, reply


def list_versions(context: Context) -> Response:
    """Return the list of versions."""
    links = [{"rel": "self", "href": f"{context.base_url}/v2"}]
    versions = [
        {"id": f"v2.{minor}", "status": status, "updated": "2024-01-01T00:00:00Z", "links": links}
        for minor, status in ((0, "SUPPORTED"), (27, "CURRENT"))
    ]
    return reply({"versions": versions})


def list_load_balancers(context: Context) -> Response:
    """Return a page of load balancers, sorted by id."""
    query = context.request.args
    balancers = sorted(
        (
            balancer
            for balancer in context.region.load_balancers.values()
            if (context.is_admin or balancer["project_id"] == context.project_id)
            and all(
                str(balancer[name]) == value
                for name, value in query.items()
                if name in {"name", "project_id", "vip_address", "provisioning_status", "id"}
            )
        ),
        key=lambda balancer: str(balancer["id"]),
    )
    page, next_page = page_of(context, balancers, lambda balancer: str(balancer["id"]))
    content: Body = {"loadbalancers": list(page), "loadbalancers_links": []}
    if next_page:
        href = next_page.link(f"{context.base_url}/v2/lbaas/loadbalancers")
        content["loadbalancers_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def get_load_balancer(context: Context) -> Response:
    """Return a load balancer; 404 when it does not exist."""
    return reply({"loadbalancer": _find(context)})


def create_load_balancer(context: Context) -> Response:
    """Start a load balancer: PENDING_CREATE, then ACTIVE."""
    body = context.body("loadbalancer")
    subnet = context.region.subnets.get(str(body.get("vip_subnet_id")))
    if subnet is None:
        raise context.refused(400, f"Subnet {body.get('vip_subnet_id')} not found.", "Client")
    try:
        balancer = make_load_balancer(
            context.region, context.project_id, str(body.get("name", "")), subnet
        )
    except NoAddress as error:
        raise context.refused(409, str(error)) from error
    balancer["tags"] = list(body.get("tags", []))

    def finish() -> None:
        succeeded = not context.fails
        balancer["provisioning_status"] = "ACTIVE" if succeeded else "ERROR"
        balancer["operating_status"] = "ONLINE" if succeeded else "ERROR"

    context.schedule(balancer["id"], finish)
    return reply({"loadbalancer": balancer}, 201)


def delete_load_balancer(context: Context) -> Response:
    """Start the deletion of a load balancer: 204."""
    balancer = _find(context)
    if balancer["provisioning_status"].startswith("PENDING"):
        raise context.refused(
            409,
            f"Load Balancer {balancer['id']} is immutable and cannot be updated.",
        )
    balancer["provisioning_status"] = "PENDING_DELETE"
    region = context.region

    def finish() -> None:
        region.load_balancers.pop(balancer["id"], None)
        if balancer["vip_port_id"] in region.ports:
            remove_port(region, region.ports[balancer["vip_port_id"]])

    context.schedule(balancer["id"], finish)
    return empty()


def make_load_balancer(region: Region, project_id: str, name: str, subnet: Body) -> Body:
    """Create a load balancer in PENDING_CREATE and return it.

    Raises NoAddress when the subnet has no free address.
    """
    balancer_id = str(uuid.uuid4())
    port = make_port(
        region,
        region.networks[subnet["network_id"]],
        project_id,
        name=f"octavia-lb-{balancer_id}",
        fixed_ips=[{"subnet_id": subnet["id"]}],
        device_id=f"lb-{balancer_id}",
        device_owner="Octavia",
    )
    created = f"{now():%Y-%m-%dT%H:%M:%S}"
    balancer = {
        "id": balancer_id,
        "name": name,
        "description": "",
        "project_id": project_id,
        "tenant_id": project_id,
        "provider": "amphora",
        "provisioning_status": "PENDING_CREATE",
        "operating_status": "OFFLINE",
        "admin_state_up": True,
        "vip_address": port["fixed_ips"][0]["ip_address"],
        "vip_port_id": port["id"],
        "vip_subnet_id": subnet["id"],
        "vip_network_id": subnet["network_id"],
        "vip_qos_policy_id": None,
        "vip_vnic_type": "normal",
        "vip_sg_ids": [],
        "additional_vips": [],
        "listeners": [],
        "pools": [],
        "flavor_id": None,
        "availability_zone": None,
        "tags": [],
        "created_at": created,
        "updated_at": created,
    }
    region.load_balancers[balancer_id] = balancer
    return balancer


def _find(context: Context) -> Body:
    balancer_id = context.argument("id")
    balancer = context.region.load_balancers.get(balancer_id)
    if balancer is None or not (context.is_admin or balancer["project_id"] == context.project_id):
        raise context.refused(404, f"Load Balancer {balancer_id} not found.")
    return balancer
