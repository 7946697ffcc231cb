"""Create the planned estate in a region: networks, groups, servers, volumes and leftovers."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from skyclust_sandbox.openstack.compute.server_build import set_error, set_state
from skyclust_sandbox.openstack.compute.server_networks import NetworkRequest, allocate
from skyclust_sandbox.openstack.directory import OTHER, SANDBOX, USERS, Project
from skyclust_sandbox.openstack.estate_plan import (
    SHORT_NAMES,
    PlannedServer,
    environments,
    plan_bulk,
    plan_servers,
)
from skyclust_sandbox.openstack.load_balancer.load_balancers import make_load_balancer
from skyclust_sandbox.openstack.network.floating_ips import associate, make_floating_ip
from skyclust_sandbox.openstack.network.networks import make_network, make_subnet
from skyclust_sandbox.openstack.network.ports import allocate_address
from skyclust_sandbox.openstack.network.security_groups import add_rule, make_security_group
from skyclust_sandbox.openstack.state import Image, KeyPair, Region, Server, VolumeSnapshot
from skyclust_sandbox.openstack.volume.attachments import attach
from skyclust_sandbox.openstack.volume.volume_records import make_volume
from skyclust_sandbox.openstack.wire import Body, now

_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFtaN2dwd2JbYm9ndXMga2V5IG9mIHRoZSBzYW5k ops@example.com"
)


@dataclass(frozen=True)
class Site:
    """A project in a region, with the networks and groups of its servers."""

    region: Region
    project: Project
    user_id: str
    networks: dict[str, Body]
    groups: dict[str, Body]
    number: int


def build_estate(region: Region, number: int, bulk: int) -> None:
    """Create the resources of the projects in a region.

    `bulk` is the number of additional servers.
    """
    for order, project in enumerate((SANDBOX, OTHER)):
        _lift_quotas(region, project)
        site = _create_site(region, project, number * 2 + order)
        for planned in plan_servers(region.name, project.name):
            _create_server(site, planned)
        _create_leftovers(site)
        if bulk and order == 0 and number == 0:
            site.networks["bulk"] = _network(site, "bulk", "172.16.0.0/16")
            for planned in plan_bulk(bulk):
                _create_server(site, planned)


def _lift_quotas(region: Region, project: Project) -> None:
    region.quotas["compute", project.id] = {"instances": -1, "cores": -1, "ram": -1}
    region.quotas["network", project.id] = {"port": -1, "floatingip": -1}
    region.quotas["block-storage", project.id] = {"volumes": -1, "gigabytes": -1}


def _create_site(region: Region, project: Project, number: int) -> Site:
    [user] = [user for user in USERS if user.name == project.name.removeprefix("sandbox-")]
    site = Site(region, project, user.id, {}, {}, number)
    for order, environment in enumerate(environments(region.name, project.name)):
        cidr = f"10.{100 + number}.{order * 16}.0/20"
        network = _network(site, SHORT_NAMES[environment], cidr)
        if environment == "production":
            make_subnet(region, network, f"2001:db8:{number + 1}::/64", name="prod-v6")
        site.networks[environment] = network
    for name, port in (("web", 443), ("db", 5432), ("bastion", 22)):
        group = make_security_group(region, project.id, name, f"Lets {name} traffic in")
        add_rule(
            group,
            {
                "direction": "ingress",
                "ethertype": "IPv4",
                "protocol": "tcp",
                "port_range_min": port,
                "port_range_max": port,
                "remote_ip_prefix": "10.0.0.0/8" if name == "db" else "0.0.0.0/0",
            },
        )
        site.groups[name] = group
    key = KeyPair("ops", user.id, _KEY, "aa:" * 15 + "aa", now() - timedelta(days=800))
    region.keypairs[user.id, key.name] = key
    return site


def _network(site: Site, name: str, cidr: str) -> Body:
    network = make_network(site.region, site.project.id, name)
    make_subnet(site.region, network, cidr, name=f"{name}-v4")
    return network


def _create_server(site: Site, planned: PlannedServer) -> None:
    region = site.region
    created = now() - timedelta(days=planned.age_days)
    image = next(image for image in region.images.values() if image.name == planned.image)
    server = _server_record(site, planned, image, created)
    region.servers[server.id] = server
    if planned.vm_state == "error":
        set_error(server, "NoValidHost")
        server.updated = created
        return
    server.host = f"compute-{int(server.id[:8], 16) % 12:02}"
    allocate(region, server, [NetworkRequest(site.networks[planned.environment]["id"])])
    _add_volumes(site, server, planned, image, created)
    if planned.public:
        _add_floating_ip(site, server)
    set_state(server, planned.vm_state)
    server.launched_at, server.updated, server.starts = created, created, 1
    if planned.vm_state == "shelved_offloaded":
        server.host = None
    if planned.role == "db":
        server.locked_by, server.locked_reason = "owner", "ask payments first"


def _server_record(site: Site, planned: PlannedServer, image: Image, created: datetime) -> Server:
    flavor = next(
        flavor for flavor in site.region.flavors.values() if flavor.name == planned.flavor
    )
    group = site.groups.get(planned.role)
    return Server(
        id=str(uuid.uuid4()),
        name=planned.name,
        project_id=site.project.id,
        user_id=site.user_id,
        flavor=flavor,
        image_id="" if planned.boot_volume else image.id,
        created=created,
        updated=created,
        hostname=planned.name,
        zone=site.region.zones[len(site.region.servers) % 2],
        key_name="ops",
        metadata=dict(planned.metadata),
        tags=list(planned.tags),
        groups=["default"] if group is None else [group["id"]],
        content=image.content,
        reservation_id="r-00000000",
    )


def _add_volumes(
    site: Site, server: Server, planned: PlannedServer, image: Image, created: datetime
) -> None:
    for size, boots in ((planned.boot_volume, True), (planned.data, False)):
        if not size:
            continue
        volume = make_volume(
            site.region,
            site.project.id,
            site.user_id,
            size,
            name="" if boots else f"{planned.name}-data",
            zone=server.zone,
            volume_type="ssd" if boots else "hdd",
            status="in-use",
            image=image if boots else None,
        )
        attach(server, volume, delete_on_termination=boots, boot_index=0 if boots else None)
        volume.created = volume.updated = created
        if not boots and planned.environment == "production":
            _snapshot(site, volume.id, f"{planned.name}-weekly", size, created)


def _snapshot(site: Site, volume_id: str, name: str, size: int, created: datetime) -> None:
    snapshot = VolumeSnapshot(
        id=str(uuid.uuid4()),
        name=name,
        project_id=site.project.id,
        user_id=site.user_id,
        volume_id=volume_id,
        size=size,
        created=created + timedelta(days=1),
        updated=created + timedelta(days=1),
        status="available",
        metadata={"schedule": "weekly"},
    )
    site.region.snapshots[snapshot.id] = snapshot


def _add_floating_ip(site: Site, server: Server) -> None:
    region = site.region
    public = next(network for network in region.networks.values() if network["router:external"])
    address = allocate_address(region, public, {})["ip_address"]
    floating = make_floating_ip(region, site.project.id, public["id"], address)
    port = region.ports[server.port_ids[0]]
    associate(region, floating, port)
    floating["router_id"] = next(
        router["id"]
        for router in region.routers.values()
        if router["project_id"] == site.project.id
    )


def _create_leftovers(site: Site) -> None:
    """Create unused volumes and floating IPs, a failed volume, an old image and idle balancers."""
    region = site.region
    created = now() - timedelta(days=400)
    for number in range(6):
        volume = make_volume(
            region, site.project.id, site.user_id, 50, name=f"old-data-{number}", status="available"
        )
        volume.created = volume.updated = created
    broken = make_volume(region, site.project.id, site.user_id, 100, name="broken", status="error")
    broken.created = created
    public = next(network for network in region.networks.values() if network["router:external"])
    for _ in range(2):
        address = allocate_address(region, public, {})["ip_address"]
        make_floating_ip(region, site.project.id, public["id"], address)
    image = Image(
        id=str(uuid.uuid4()),
        name="golden-2023",
        owner=site.project.id,
        created=created,
        updated=created,
        status="active",
        visibility="private",
        size=2_100_000_000,
        min_disk=20,
        properties={
            "image_type": "snapshot",
            "os_distro": "ubuntu",
            "os_version": "22.04",
            "owner_specified": json.dumps({"made_by": "packer"}),
        },
        content="image golden-2023",
    )
    region.images[image.id] = image
    for environment, network in site.networks.items():
        subnet = region.subnets[network["subnets"][0]]
        balancer = make_load_balancer(
            region, site.project.id, f"storefront-{SHORT_NAMES[environment]}", subnet
        )
        balancer["provisioning_status"], balancer["operating_status"] = "ACTIVE", "ONLINE"
