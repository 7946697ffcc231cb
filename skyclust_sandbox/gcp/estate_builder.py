"""Add the seeded estate to the state: hundreds of resources in a few milliseconds."""

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
    PlannedInstance,
    plan_instances,
)
from skyclust_sandbox.gcp.estate_load_balancers import build_load_balancers
from skyclust_sandbox.gcp.firewalls import add_firewall
from skyclust_sandbox.gcp.images import newest_of_family
from skyclust_sandbox.gcp.links import Reference, name_in
from skyclust_sandbox.gcp.locations import REGIONS, region_of
from skyclust_sandbox.gcp.machine_types import series_of
from skyclust_sandbox.gcp.network_interfaces import EXTERNAL_RANGE
from skyclust_sandbox.gcp.networks import add_network
from skyclust_sandbox.gcp.resources import with_labels
from skyclust_sandbox.gcp.responses import Resource, timestamp
from skyclust_sandbox.gcp.seeding import InstanceSeed, seed_address, seed_disk, seed_instance
from skyclust_sandbox.gcp.snapshots import new_snapshot
from skyclust_sandbox.gcp.state import Project, State
from skyclust_sandbox.gcp.subnetworks import add_subnetwork

# The subnetwork tiers, with the port and the source range that their firewall rule allows.
_TIERS: Final = {"public": ("443", "0.0.0.0/0"), "private": ("8080", "10.0.0.0/8")}
_SECOND_OCTETS: Final = {"production": 20, "staging": 40, "development": 60}


def build_estate(state: State, project: Project) -> None:
    """Add all resources of the estate to a project."""
    rng = random.Random("estate")  # noqa: S311 - not a secret
    for environment in SHORT_NAMES:
        _build_network(state, project, environment)
    images = _build_images(state, project)
    numbers = itertools.count(1)
    for planned in plan_instances():
        _build_instance(state, project, planned, images, numbers)
    _build_snapshots(state, project, rng)
    _build_unattached_disks(state, project, rng)
    _build_addresses(state, project)
    build_load_balancers(state, project)


def _build_network(state: State, project: Project, environment: str) -> None:
    add_network(state, project, environment, auto=False, description=f"Network of {environment}")
    regions = [region for region, environments in SITES.items() if environment in environments]
    for number, region in enumerate(regions):
        for tier_number, tier in enumerate(_TIERS):
            add_subnetwork(
                state,
                project,
                f"{environment}-{tier}",
                region=region,
                network=environment,
                cidr=f"10.{_SECOND_OCTETS[environment] + number}.{tier_number * 64}.0/20",
            )
    for tier, (port, source) in _TIERS.items():
        add_firewall(
            state,
            project,
            f"{environment}-{tier}",
            network=environment,
            allowed=[{"IPProtocol": "tcp", "ports": [port]}],
            sources=[source],
            description=f"{tier.capitalize()} tier of {environment}",
            tags=[tier],
        )


def _build_images(state: State, project: Project) -> dict[int, Resource]:
    """Add the company's base images, and return them by age in days."""
    source = newest_of_family(state, "debian-cloud", "debian-12")
    images: dict[int, Resource] = {}
    for age_days in BASE_IMAGE_AGES_DAYS:
        created = datetime.now(UTC) - timedelta(days=age_days)
        name = f"company-base-{age_days:03d}"
        reference = Reference(project.name, "global", "images", name)
        image = {
            **source,
            "id": state.new_id(),
            "name": name,
            "selfLink": reference.link,
            "creationTimestamp": timestamp(created),
            "description": "Base image with agents and hardening",
            "family": "company-base",
            "diskSizeGb": "10",
            "sourceImage": source["selfLink"],
            "sourceImageId": source["id"],
            "storageLocations": ["eu"],
        }
        with_labels(image, {"team": "platform"})
        project.collection("images", "global")[name] = image
        images[age_days] = image
    return images


def _build_instance(
    state: State,
    project: Project,
    planned: PlannedInstance,
    images: dict[int, Resource],
    numbers: Iterator[int],
) -> None:
    region, number = region_of(planned.zone), next(numbers)
    tier = "public" if planned.external else "private"
    name = f"{planned.environment}-{tier}" if planned.environment else "default"
    reference = Reference(project.name, f"regions/{region}", "subnetworks", name)
    subnetwork = project.collection("subnetworks", reference.scope)[name]
    prefix, third_octet = subnetwork["ipCidrRange"].rsplit(".", 2)[:2]
    seed_instance(
        state,
        project,
        InstanceSeed(
            name=planned.name,
            zone=planned.zone,
            machine_type=planned.machine_type,
            subnetwork=reference,
            internal_address=f"{prefix}.{int(third_octet) + number // 250}.{number % 250 + 2}",
            external_address=str(EXTERNAL_RANGE[number]) if planned.external else None,
            image=_image_for(state, planned, images),
            labels=planned.labels,
            tags=(tier,) if planned.environment else (),
            boot_gib=planned.boot_gib,
            data_gib=planned.data_gib,
            age_days=planned.age_days,
            stopped_days=planned.stopped_days,
            spot=planned.spot,
        ),
    )


def _image_for(state: State, planned: PlannedInstance, images: dict[int, Resource]) -> Resource:
    """Return the newest base image that is older than an instance, or else a public image.

    Arm instances have a public image, because the base images are for x86.
    """
    if series_of(planned.machine_type).architecture == "ARM64":
        return newest_of_family(state, "debian-cloud", "debian-12-arm64")
    older = [age_days for age_days in images if age_days > planned.age_days]
    if older:
        return images[min(older)]
    return newest_of_family(state, "debian-cloud", "debian-12")


def _build_snapshots(state: State, project: Project, rng: random.Random) -> None:
    """Add recent snapshots of each data disk, and an old one that should have been deleted."""
    snapshots = project.collection("snapshots", "global")
    for disk in list(project.list_all("disks")):
        if not disk["name"].endswith("-data"):
            continue
        zone = name_in(disk["zone"])
        for age_days in (1, 8, 15, rng.randint(180, 720)):
            name = f"{disk['name']}-{zone}-{age_days:03d}"
            reference = Reference(project.name, "global", "snapshots", name)
            created = datetime.now(UTC) - timedelta(days=age_days)
            snapshot = new_snapshot(state, reference, disk)
            snapshot["creationTimestamp"] = timestamp(created)
            snapshot["description"] = f"Backup of {disk['name']}"
            snapshots[name] = with_labels(snapshot, disk.get("labels"))


def _build_unattached_disks(state: State, project: Project, rng: random.Random) -> None:
    """Add disks that no instance uses, half of them without a label."""
    for region in SITES:
        for number in range(rng.randint(4, 9)):
            application = rng.choice(APPLICATIONS)
            seed_disk(
                state,
                project,
                f"{region}-{rng.choice(REGIONS[region])}",
                f"{application.name}-old-data-{number}" if number % 2 else f"disk-{number + 1}",
                rng.choice((10, 50, 100, 500)),
                labels={"team": application.team} if number % 2 else None,
                age_days=rng.uniform(90, 1200),
            )


def _build_addresses(state: State, project: Project) -> None:
    """Add static addresses: one for each bastion, and three unused ones in each region."""
    addresses = (str(EXTERNAL_RANGE[number]) for number in range(900, 1000))
    for instance in project.list_all("instances"):
        if "-bastion-" in instance["name"]:
            region = region_of(name_in(instance["zone"]))
            address = seed_address(state, project, region, instance["name"], next(addresses))
            for access_config in instance["networkInterfaces"][0]["accessConfigs"]:
                access_config["natIP"] = address["address"]
            address.update(status="IN_USE", users=[instance["selfLink"]])
    for region in SITES:
        for name in ("reserved-1", "reserved-2", "reserved-for-launch"):
            seed_address(state, project, region, name, next(addresses))
