"""The plan of the seeded estate: a subscription that a company has used for some years.

Everything here is plain data drawn from seeded dice, the same in every run; ages count back
from the moment the estate is built. `estate` makes it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Role:
    """What a machine does in an application, and what it is made of. Sizes are in GiB."""

    name: str
    sizes: tuple[str, ...]
    count: int
    data_gib: int | None = None


@dataclass(frozen=True)
class Application:
    """Something that the company runs, and who answers for it."""

    name: str
    team: str
    cost_center: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Site:
    """What the company has in a location: environments with the share of machines they get."""

    short: str
    number: int
    environments: Mapping[str, float]


@dataclass(frozen=True)
class Machine:
    """One machine of the plan; `power` is how it stands now."""

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
"""Every other location has nothing."""

SHORT_NAMES: Final = {"production": "prd", "staging": "stg", "development": "dev"}
"""How an environment is called within other names."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}

# Made by hand in the portal and forgotten: no application, and hardly a tag.
_STRAYS: Final = ("test", "tmpdebug", "migration-old", "poc-ml")


def plan_machines(location: str) -> Iterator[Machine]:
    """Yield the machines of a location, the same in every run."""
    dice = random.Random(f"machines in {location}")  # noqa: S311 - a plan, not a secret
    site = SITES[location]
    for environment, share in site.environments.items():
        for application in APPLICATIONS:
            for role in application.roles:
                for number in range(1, max(1, round(role.count * share)) + 1):
                    yield _machine(dice, site, environment, application, role=role, number=number)
    for name in _STRAYS:
        yield _stray(dice, site, name)


def _machine(
    dice: random.Random,
    site: Site,
    environment: str,
    application: Application,
    *,
    role: Role,
    number: int,
) -> Machine:
    short = SHORT_NAMES[environment]
    tags = {
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if dice.random() < 0.08:  # tagging rules came late, and not everybody follows them
        del tags[dice.choice(("team", "cost-center"))]
    stopped = dice.random() < _STOPPED_SHARE[environment]
    # Whoever shuts a machine down from within pays on: it is stopped, not deallocated.
    resting = "stopped" if dice.random() < 0.2 else "deallocated"
    return Machine(
        name=f"vm-{application.name}-{role.name}-{short}-{site.short}-{number:02d}",
        group=f"rg-{application.name}-{short}-{site.short}",
        size=dice.choice(role.sizes),
        environment=environment,
        tags=tags,
        zone=str(1 + number % 3) if environment == "production" else "",
        age_days=dice.uniform(2, 900),
        power=resting if stopped else "running",
        data_gib=role.data_gib,
        public=role.name == "bastion",
        balanced=role.name == "web",
    )


def _stray(dice: random.Random, site: Site, name: str) -> Machine:
    return Machine(
        name=f"{name}-{site.short}",
        group=f"{name}_group",
        size="Standard_B2s",
        environment="",
        tags={},
        zone="",
        age_days=dice.uniform(200, 1100),
        power="deallocated" if dice.random() < 0.5 else "running",
        data_gib=None,
        public=True,
        balanced=False,
    )
