"""The plan of the seeded estate: two projects that a company has used for some years.

Everything here is plain data from a seeded random generator, the same in every run. Ages count
back from the time at which the estate is created. `estate` creates the resources in the regions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Role:
    """The role of a server in an application.

    `data` is the size of its data volume in GiB, 0 for none.
    """

    name: str
    flavor: str
    number: int
    boot_volume: int = 0
    data: int = 0


@dataclass(frozen=True)
class PlannedServer:
    """One planned server. A `boot_volume` of 0 means a disk on the host."""

    name: str
    environment: str
    role: str
    flavor: str
    image: str
    metadata: Mapping[str, str]
    tags: tuple[str, ...]
    vm_state: str
    age_days: float
    boot_volume: int
    data: int
    public: bool


_APPLICATIONS: Final[Mapping[str, tuple[str, tuple[Role, ...]]]] = {
    "checkout": (
        "payments",
        (
            Role("api", "m1.medium", 6),
            Role("worker", "c2.large", 4),
            Role("db", "v2.medium", 2, boot_volume=40, data=400),
        ),
    ),
    "ledger": (
        "payments",
        (Role("api", "m1.medium", 4), Role("db", "v2.medium", 2, boot_volume=40, data=200)),
    ),
    "catalog": (
        "search",
        (
            Role("web", "m1.small", 6),
            Role("index", "m1.large", 5, data=300),
            Role("cache", "m1.large", 3),
        ),
    ),
    "storefront": ("web", (Role("web", "m1.medium", 8), Role("render", "c2.large", 5))),
    "warehouse": (
        "data",
        (
            Role("etl", "m1.xlarge", 4, data=500),
            Role("store", "v2.medium", 4, boot_volume=80, data=1000),
            Role("gpu", "g1.large", 2),
        ),
    ),
    "delivery": (
        "platform",
        (Role("ci", "m1.large", 6), Role("bastion", "m1.tiny", 1), Role("arm", "a1.medium", 2)),
    ),
}
"""The applications, each with the team that owns it."""

_SITES: Final[Mapping[tuple[str, str], Mapping[str, float]]] = {
    ("RegionOne", "sandbox"): {"production": 1.0, "staging": 0.5, "development": 0.5},
    ("RegionOne", "sandbox-other"): {"development": 0.3},
    ("RegionTwo", "sandbox"): {"production": 0.8},
    ("RegionTwo", "sandbox-other"): {"staging": 0.3},
}
"""The environments of the projects in each region, with their share of each role's servers."""

SHORT_NAMES: Final = {"production": "prod", "staging": "stage", "development": "dev"}
"""The abbreviations of environments in names."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}

# Servers created by hand and forgotten, in all states and without tags.
_FORGOTTEN_SERVERS: Final = (
    ("test", "active"),
    ("test", "stopped"),
    ("tmp-debug", "error"),
    ("migration-old", "paused"),
    ("license-check", "suspended"),
    ("poc-2022", "shelved_offloaded"),
    ("resize-me", "resized"),
)


def environments(region: str, project: str) -> tuple[str, ...]:
    """Return the environments of a project in a region."""
    return tuple(_SITES.get((region, project), {}))


def plan_servers(region: str, project: str) -> Iterator[PlannedServer]:
    """Yield the planned servers of a project in a region, the same in every run."""
    site = _SITES.get((region, project), {})
    rng = random.Random(f"servers of {project} in {region}")  # noqa: S311 - a plan, no secret
    for environment, share in site.items():
        for application, (team, roles) in _APPLICATIONS.items():
            for role in roles:
                for number in range(1, max(1, round(role.number * share)) + 1):
                    name = f"{application}-{role.name}-{SHORT_NAMES[environment]}-{number:02}"
                    metadata = {
                        "environment": environment,
                        "team": team,
                        "application": application,
                        "role": role.name,
                    }
                    yield _planned_server(rng, name, environment, role, metadata)
    if region == "RegionOne":
        for name, vm_state in _FORGOTTEN_SERVERS:
            yield _forgotten_server(rng, name, vm_state)


def plan_bulk(number: int) -> Iterator[PlannedServer]:
    """Yield this number of planned servers that differ by name only."""
    for order in range(number):
        yield PlannedServer(
            name=f"bulk-{order:05}",
            environment="bulk",
            role="bulk",
            flavor="m1.small",
            image="ubuntu-24.04",
            metadata={"environment": "bulk", "team": "platform", "order": str(order)},
            tags=("bulk",),
            vm_state="active",
            age_days=1 + order / 100,
            boot_volume=0,
            data=0,
            public=False,
        )


def _planned_server(
    rng: random.Random, name: str, environment: str, role: Role, metadata: dict[str, str]
) -> PlannedServer:
    if rng.random() < 0.08:  # some servers lack required metadata
        del metadata[rng.choice(("team", "environment"))]
    stopped = rng.random() < _STOPPED_SHARE[environment]
    images = ("ubuntu-24.04", "ubuntu-22.04", "debian-12")
    image = "ubuntu-24.04-arm64" if role.flavor.startswith("a1") else rng.choice(images)
    tags = (SHORT_NAMES[environment],) if rng.random() < 0.7 else ()
    return PlannedServer(
        name=name,
        environment=environment,
        role=role.name,
        flavor=role.flavor,
        image="cirros-0.6.3" if role.flavor == "m1.tiny" else image,
        metadata=metadata,
        tags=tags,
        vm_state="stopped" if stopped else "active",
        age_days=rng.uniform(2, 900),
        boot_volume=role.boot_volume,
        data=role.data,
        public=role.name in {"bastion", "web"},
    )


def _forgotten_server(rng: random.Random, name: str, vm_state: str) -> PlannedServer:
    return PlannedServer(
        name=name,
        environment="development",
        role="stray",
        flavor="m1.small",
        image="debian-12",
        metadata={},
        tags=(),
        vm_state=vm_state,
        age_days=rng.uniform(200, 1100),
        boot_volume=0,
        data=0,
        public=False,
    )
