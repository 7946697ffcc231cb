"""Builds the planned estate in the world: hundreds of resources in a few milliseconds."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from skyclust_sandbox.gcp.estate import (
    APPLICATIONS,
    BASE_IMAGE_AGES_DAYS,
    SHORT_NAMES,
    SITES,
    Machine,
    plan_machines,
)
from skyclust_sandbox.gcp.estate_load_balancers import build_balancers
from skyclust_sandbox.gcp.images import newest_of_family
from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.lists import region_in
from skyclust_sandbox.gcp.locations import REGIONS
from skyclust_sandbox.gcp.machine_types import series_of
from skyclust_sandbox.gcp.networks import PUBLIC_RANGE, put_firewall, put_network, put_subnetwork
from skyclust_sandbox.gcp.resources import with_labels
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.seeding import (
    Planted,
    plant_address,
    plant_disk,
    plant_machine,
)
from skyclust_sandbox.gcp.snapshots import snapshot_of
from skyclust_sandbox.gcp.state import Project, World, timestamp

_TIERS: Final = {"public": ("443", "0.0.0.0/0"), "private": ("8080", "10.0.0.0/8")}
_SECOND_OCTETS: Final = {"production": 20, "staging": 40, "development": 60}


def build_estate(world: World, project: Project) -> None:
    """Fill a project with what the company has there."""
    dice = random.Random("estate")  # noqa: S311 - a plan, not a secret
    for environment in SHORT_NAMES:
        _build_network(world, project, environment)
    images = _build_images(world, project)
    numbers = itertools.count(1)
    for machine in plan_machines():
        _build_machine(world, project, machine, images, numbers)
    _build_snapshots(world, project, dice)
    _build_left_overs(world, project, dice)
    _build_addresses(world, project)
    build_balancers(world, project)


def _build_network(world: World, project: Project, environment: str) -> None:
    put_network(world, project, environment, auto=False, description=f"Network of {environment}")
    regions = [region for region, environments in SITES.items() if environment in environments]
    for number, region in enumerate(regions):
        for tier_number, tier in enumerate(_TIERS):
            put_subnetwork(
                world,
                project,
                f"{environment}-{tier}",
                region=region,
                network=environment,
                cidr=f"10.{_SECOND_OCTETS[environment] + number}.{tier_number * 64}.0/20",
            )
    for tier, (port, source) in _TIERS.items():
        put_firewall(
            world,
            project,
            f"{environment}-{tier}",
            network=environment,
            allowed=[{"IPProtocol": "tcp", "ports": [port]}],
            sources=[source],
            description=f"{tier.capitalize()} tier of {environment}",
            tags=[tier],
        )


def _build_images(world: World, project: Project) -> dict[int, Resource]:
    """Make the base images of the last years; returns them by age in days."""
    source = newest_of_family(world, "debian-cloud", "debian-12")
    built: dict[int, Resource] = {}
    for age_days in BASE_IMAGE_AGES_DAYS:
        made = datetime.now(UTC) - timedelta(days=age_days)
        name = f"company-base-{age_days:03d}"
        where = Reference(project.name, "global", "images", name)
        image = {
            **source,
            "id": world.new_id(),
            "name": name,
            "selfLink": where.link,
            "creationTimestamp": timestamp(made),
            "description": "Base image with agents and hardening",
            "family": "company-base",
            "diskSizeGb": "10",
            "sourceImage": source["selfLink"],
            "sourceImageId": source["id"],
            "storageLocations": ["eu"],
        }
        with_labels(image, {"team": "platform"})
        project.shelf("images", "global")[name] = image
        built[age_days] = image
    return built


def _build_machine(
    world: World,
    project: Project,
    machine: Machine,
    images: dict[int, Resource],
    numbers: Iterator[int],
) -> None:
    region, number = region_in(f"zones/{machine.zone}"), next(numbers)
    tier = "public" if machine.public else "private"
    name = f"{machine.environment}-{tier}" if machine.environment else "default"
    where = Reference(project.name, f"regions/{region}", "subnetworks", name)
    network = project.shelf("subnetworks", where.scope)[name]
    prefix, third = network["ipCidrRange"].rsplit(".", 2)[:2]
    plant_machine(
        world,
        project,
        Planted(
            name=machine.name,
            zone=machine.zone,
            machine_type=machine.type,
            subnetwork=where,
            private_address=f"{prefix}.{int(third) + number // 250}.{number % 250 + 2}",
            public_address=str(PUBLIC_RANGE[number]) if machine.public else None,
            image=_image_of(world, machine, images),
            labels=machine.labels,
            tags=(tier,) if machine.environment else (),
            boot_gib=machine.boot_gib,
            data_gib=machine.data_gib,
            age_days=machine.age_days,
            stopped_days=machine.stopped_days,
            preemptible=machine.spot,
        ),
    )


def _image_of(world: World, machine: Machine, images: dict[int, Resource]) -> Resource:
    """Return the newest base image of the day the machine was made, else a public one."""
    if series_of(machine.type).architecture == "ARM64":
        return newest_of_family(world, "debian-cloud", "debian-12-arm64")
    there_already = [age_days for age_days in images if age_days > machine.age_days]
    if there_already:
        return images[min(there_already)]
    return newest_of_family(world, "debian-cloud", "debian-12")


def _build_snapshots(world: World, project: Project, dice: random.Random) -> None:
    """Snapshot each data disk some times, back to when nobody cleaned up."""
    shelf = project.shelf("snapshots", "global")
    for disk in list(project.every("disks")):
        if not disk["name"].endswith("-data"):
            continue
        zone = disk["zone"].rpartition("/")[2]
        for age_days in (1, 8, 15, dice.randint(180, 720)):
            name = f"{disk['name']}-{zone}-{age_days:03d}"
            where = Reference(project.name, "global", "snapshots", name)
            made = datetime.now(UTC) - timedelta(days=age_days)
            snapshot = snapshot_of(world, where, disk)
            snapshot["creationTimestamp"] = timestamp(made)
            snapshot["description"] = f"Backup of {disk['name']}"
            shelf[name] = with_labels(snapshot, disk.get("labels"))


def _build_left_overs(world: World, project: Project, dice: random.Random) -> None:
    """Leave disks that no machine uses any more, half of them without a label."""
    for region in SITES:
        for number in range(dice.randint(4, 9)):
            application = dice.choice(APPLICATIONS)
            plant_disk(
                world,
                project,
                f"{region}-{dice.choice(REGIONS[region])}",
                f"{application.name}-old-data-{number}" if number % 2 else f"disk-{number + 1}",
                dice.choice((10, 50, 100, 500)),
                labels={"team": application.team} if number % 2 else None,
                age_days=dice.uniform(90, 1200),
            )


def _build_addresses(world: World, project: Project) -> None:
    """Give bastions fixed addresses, and keep three in each region that nothing uses."""
    addresses = (str(PUBLIC_RANGE[number]) for number in range(900, 1000))
    for instance in project.every("instances"):
        if "-bastion-" in instance["name"]:
            region = region_in(f"zones/{instance['zone'].rpartition('/')[2]}")
            address = plant_address(world, project, region, instance["name"], next(addresses))
            for access in instance["networkInterfaces"][0]["accessConfigs"]:
                access["natIP"] = address["address"]
            address.update(status="IN_USE", users=[instance["selfLink"]])
    for region in SITES:
        for name in ("reserved-1", "reserved-2", "reserved-for-launch"):
            plant_address(world, project, region, name, next(addresses))
