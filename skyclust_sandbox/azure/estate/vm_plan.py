"""The planned VMs of the seeded estate: a subscription that a company has used for years.

The plan is drawn from a seeded random generator, so it is the same in every run. Ages count back
from the time at which the estate is created.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Role:
    """A role of an application: its VM sizes, its number of VMs and its data disk in GiB."""

    name: str
    sizes: tuple[str, ...]
    count: int
    data_gib: int | None = None


@dataclass(frozen=True)
class Application:
    """An application of the company, with its team and cost center."""

    name: str
    team: str
    cost_center: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Site:
    """The company's site in a location; `environments` have a share of each role's VM count."""

    short: str
    number: int
    environments: Mapping[str, float]


@dataclass(frozen=True)
class PlannedVm:
    """A planned VM; `power` is its power state.

    `public` VMs have a public IP address, `balanced` VMs are in a backend pool.
    """

    name: str
    group: str
    size: str
    environment: str
    tags: Mapping[str, str]
    zone: str
    age_days: float
    power: str
    data_gib: int | None
    public: bool
    balanced: bool


APPLICATIONS: Final = (
    Application(
        "checkout",
        "payments",
        "4100",
        (
            Role("api", ("Standard_D2s_v5", "Standard_D2as_v5"), 6),
            Role("worker", ("Standard_F4s_v2",), 4),
            Role("db", ("Standard_E8s_v5",), 2, data_gib=1024),
        ),
    ),
    Application(
        "ledger",
        "payments",
        "4100",
        (
            Role("api", ("Standard_D2s_v5",), 3),
            Role("db", ("Standard_E4s_v5",), 2, data_gib=512),
        ),
    ),
    Application(
        "catalog",
        "search",
        "4200",
        (
            Role("web", ("Standard_B2ms", "Standard_D2ps_v5"), 6),
            Role("index", ("Standard_E4s_v5",), 5, data_gib=256),
            Role("cache", ("Standard_E2s_v5",), 3),
        ),
    ),
    Application(
        "storefront",
        "web",
        "4300",
        (
            Role("web", ("Standard_D2s_v5", "Standard_D2s_v3"), 8),
            Role("render", ("Standard_F2s_v2",), 4),
        ),
    ),
    Application(
        "warehouse",
        "data",
        "4400",
        (
            Role("etl", ("Standard_F16s_v2",), 4),
            Role("store", ("Standard_L8s_v3", "Standard_E16s_v5"), 3, data_gib=2048),
            Role("notebook", ("Standard_D8s_v5",), 2),
        ),
    ),
    Application(
        "delivery",
        "platform",
        "4900",
        (
            Role("ci", ("Standard_D8as_v5",), 4),
            Role("bastion", ("Standard_B1ms",), 1),
            Role("metrics", ("Standard_D4s_v5",), 2, data_gib=512),
        ),
    ),
)

SITES: Final[Mapping[str, Site]] = {
    "westeurope": Site("weu", 10, {"production": 1.0, "staging": 0.4, "development": 0.7}),
    "eastus": Site("eus", 20, {"production": 1.0, "staging": 0.4}),
    "northeurope": Site("neu", 30, {"production": 0.4, "development": 0.4}),
    "germanywestcentral": Site("gwc", 40, {"production": 0.5}),
    "southeastasia": Site("sea", 50, {"production": 0.3}),
}
"""All other locations are empty."""

SHORT_NAMES: Final = {"production": "prd", "staging": "stg", "development": "dev"}
"""The abbreviations of environments in resource names."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}

# Created by hand in the portal and forgotten: without application and tags.
_UNMANAGED: Final = ("test", "tmpdebug", "migration-old", "poc-ml")


def plan_vms(location: str) -> Iterator[PlannedVm]:
    """Yield the planned VMs of a location, the same in every run."""
    seed = f"machines in {location}"  # another seed would change the whole estate
    generator = random.Random(seed)  # noqa: S311 - a reproducible plan, not a secret
    site = SITES[location]
    for environment, share in site.environments.items():
        for application in APPLICATIONS:
            for role in application.roles:
                for number in range(1, max(1, round(role.count * share)) + 1):
                    yield _application_vm(
                        generator, site, environment, application, role=role, number=number
                    )
    for name in _UNMANAGED:
        yield _unmanaged_vm(generator, site, name)


def _application_vm(
    generator: random.Random,
    site: Site,
    environment: str,
    application: Application,
    *,
    role: Role,
    number: int,
) -> PlannedVm:
    short = SHORT_NAMES[environment]
    tags = {
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if generator.random() < 0.08:  # tagging rules are recent, some VMs break them
        del tags[generator.choice(("team", "cost-center"))]
    stopped = generator.random() < _STOPPED_SHARE[environment]
    # A VM that the guest shuts down is stopped, not deallocated, and is still billed.
    inactive = "stopped" if generator.random() < 0.2 else "deallocated"
    return PlannedVm(
        name=f"vm-{application.name}-{role.name}-{short}-{site.short}-{number:02d}",
        group=f"rg-{application.name}-{short}-{site.short}",
        size=generator.choice(role.sizes),
        environment=environment,
        tags=tags,
        zone=str(1 + number % 3) if environment == "production" else "",
        age_days=generator.uniform(2, 900),
        power=inactive if stopped else "running",
        data_gib=role.data_gib,
        public=role.name == "bastion",
        balanced=role.name == "web",
    )


def _unmanaged_vm(generator: random.Random, site: Site, name: str) -> PlannedVm:
    return PlannedVm(
        name=f"{name}-{site.short}",
        group=f"{name}_group",
        size="Standard_B2s",
        environment="",
        tags={},
        zone="",
        age_days=generator.uniform(200, 1100),
        power="deallocated" if generator.random() < 0.5 else "running",
        data_gib=None,
        public=True,
        balanced=False,
    )
