"""Many machines at once, for measuring."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.lists import region_in
from skyclust_sandbox.gcp.networks import PUBLIC_RANGE
from skyclust_sandbox.gcp.seeding import Planted, plant_machine
from skyclust_sandbox.gcp.state import World


def put_machines(world: World, project: str, zone: str, count: int, machine_type: str) -> None:
    """Put so many running machines into a zone, each with a boot disk and a public address."""
    holder = world.projects[project]
    region = region_in(f"zones/{zone}")
    already = sum(1 for _ in holder.every("instances"))
    subnetwork = Reference(project, f"regions/{region}", "subnetworks", "default")
    image = next(iter(world.projects["debian-cloud"].every("images")))
    for number in range(already, already + count):
        planted = Planted(
            name=f"machine-{number:05d}",
            zone=zone,
            machine_type=machine_type,
            subnetwork=subnetwork,
            private_address=f"10.{200 + number // 62500}.{number // 250 % 250}.{number % 250 + 2}",
            public_address=str(PUBLIC_RANGE[number + 1024]),
            labels={"environment": "load", "number": str(number)},
            image=image,
        )
        plant_machine(world, holder, planted)
