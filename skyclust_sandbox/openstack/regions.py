"""The regions as a new cloud has them: flavors, public images, networks and routers."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from skyclust_sandbox.openstack.directory import PROJECTS, REGIONS, identifier
from skyclust_sandbox.openstack.estate import build_estate
from skyclust_sandbox.openstack.network.networks import make_network, make_subnet
from skyclust_sandbox.openstack.network.ports import make_port
from skyclust_sandbox.openstack.network.resources import new_resource
from skyclust_sandbox.openstack.network.security_groups import make_default_group
from skyclust_sandbox.openstack.state import Flavor, Image, Region
from skyclust_sandbox.openstack.wire import Body, now
from skyclust_sandbox.seeds import Seed

OPERATOR: Final = identifier("project", "operator")
"""The project of the cloud's operator, which owns the public images and the external network."""

ZONES: Final = ("az1", "az2")

FLAVORS: Final = (
    Flavor("1", "m1.tiny", 1, 512, 1),
    Flavor("2", "m1.small", 1, 2048, 20),
    Flavor("3", "m1.medium", 2, 4096, 40),
    Flavor("4", "m1.large", 4, 8192, 80),
    Flavor("5", "m1.xlarge", 8, 16384, 160),
    Flavor(identifier("flavor", "c2.large"), "c2.large", 4, 4096, 20, {"hw:cpu_policy": "shared"}),
    Flavor(identifier("flavor", "v2.small"), "v2.small", 1, 2048, 0),
    Flavor(identifier("flavor", "v2.medium"), "v2.medium", 2, 4096, 0),
    Flavor(
        identifier("flavor", "g1.large"),
        "g1.large",
        8,
        32768,
        80,
        {"pci_passthrough:alias": "a10:1", "resources:VGPU": "1"},
    ),
    Flavor(
        identifier("flavor", "a1.medium"),
        "a1.medium",
        2,
        4096,
        40,
        {"trait:HW_ARCH_AARCH64": "required", "capabilities:cpu_arch": "aarch64"},
    ),
)

# name, distribution, version, architecture, minimum disk in GiB, age in days
_IMAGES: Final = (
    ("ubuntu-24.04", "ubuntu", "24.04", "x86_64", 8, 40),
    ("ubuntu-22.04", "ubuntu", "22.04", "x86_64", 8, 70),
    ("debian-12", "debian", "12", "x86_64", 5, 30),
    ("ubuntu-24.04-arm64", "ubuntu", "24.04", "aarch64", 8, 40),
    ("cirros-0.6.3", "cirros", "0.6.3", "x86_64", 0, 400),
)


def make_regions(seed: Seed, bulk: int = 0) -> dict[str, Region]:
    """Return the regions of a seed by name.

    `bulk` is the number of additional servers in the estate.
    """
    regions = {name: _make_region(name, number) for number, name in enumerate(REGIONS)}
    if seed is Seed.ESTATE:
        for number, region in enumerate(regions.values()):
            build_estate(region, number, bulk)
    return regions


def _make_region(name: str, number: int) -> Region:
    region = Region(name, ZONES, flavors={flavor.id: flavor for flavor in FLAVORS})
    for image in _make_images():
        region.images[image.id] = image
    public = make_network(region, OPERATOR, "public", external=True, mtu=1500)
    make_subnet(region, public, f"203.0.113.{number * 128}/25", name="public-subnet", dhcp=False)
    for order, project in enumerate(PROJECTS):
        make_default_group(region, project.id)
        network = make_network(region, project.id, "private")
        inside = make_subnet(
            region, network, f"10.{number * 16 + order}.0.0/20", name="private-subnet"
        )
        _make_router(region, project.id, public, inside)
    return region


def _make_images() -> list[Image]:
    """Return the operator's images; each region has its own ids."""
    images = []
    for name, distribution, version, architecture, min_disk, age in _IMAGES:
        made = now() - timedelta(days=age)
        images.append(
            Image(
                id=str(uuid.uuid4()),
                name=name,
                owner=OPERATOR,
                created=made,
                updated=made,
                status="active",
                visibility="public",
                size=600_000_000,
                min_disk=min_disk,
                properties={
                    "os_distro": distribution,
                    "os_version": version,
                    "os_type": "linux",
                    "architecture": architecture,
                    "hw_disk_bus": "virtio",
                    "hw_qemu_guest_agent": "yes",
                },
                content=f"image {name}",
            )
        )
    return images


def _make_router(region: Region, project_id: str, public: Body, inside: Body) -> None:
    router = new_resource(
        {
            "name": "router",
            "admin_state_up": True,
            "status": "ACTIVE",
            "routes": [],
            "ha": False,
            "distributed": False,
            "availability_zones": list(region.zones),
            "availability_zone_hints": [],
            "flavor_id": None,
        },
        project_id,
    )
    network = region.networks[inside["network_id"]]
    make_port(region, public, "", device_id=router["id"], device_owner="network:router_gateway")
    gateway_port = next(p for p in region.ports.values() if p["device_id"] == router["id"])
    router["external_gateway_info"] = {
        "network_id": public["id"],
        "enable_snat": True,
        "external_fixed_ips": gateway_port["fixed_ips"],
    }
    inside_port = make_port(
        region,
        network,
        project_id,
        device_id=router["id"],
        device_owner="network:router_interface",
    )
    inside_port["fixed_ips"] = [{"subnet_id": inside["id"], "ip_address": inside["gateway_ip"]}]
    inside_port["status"] = "ACTIVE"
    region.routers[router["id"]] = router
