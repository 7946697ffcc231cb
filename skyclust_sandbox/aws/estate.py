"""The plan of the seeded estate: an account that a company has used for some years.

Everything here is plain data drawn from seeded dice, the same in every run; ages count back
from the moment the estate is built. `estate_builder` puts it into moto.
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
    types: tuple[str, ...]
    count: int
    root_gib: int = 20
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
    """What the company has in a region: environments with the share of machines they get."""

    number: int
    environments: Mapping[str, float]


@dataclass(frozen=True)
class Machine:
    """One machine of the plan. `stopped_days` is None while it runs."""

    name: str
    type: str
    architecture: str
    environment: str
    tags: Mapping[str, str]
    age_days: float
    stopped_days: float | None
    root_gib: int
    data_gib: int | None
    public: bool


APPLICATIONS: Final = (
    Application(
        "checkout",
        "payments",
        "4100",
        (
            Role("api", ("m6i.large", "m7g.large"), 6),
            Role("worker", ("c6i.xlarge",), 4),
            Role("db", ("r6i.2xlarge",), 2, root_gib=40, data_gib=800),
        ),
    ),
    Application(
        "ledger",
        "payments",
        "4100",
        (
            Role("api", ("m6i.large",), 3),
            Role("db", ("r6i.xlarge",), 2, root_gib=40, data_gib=400),
        ),
    ),
    Application(
        "catalog",
        "search",
        "4200",
        (
            Role("web", ("t3.large", "t4g.large"), 6),
            Role("index", ("r6g.xlarge",), 5, data_gib=300),
            Role("cache", ("r6g.large",), 3),
        ),
    ),
    Application(
        "storefront",
        "web",
        "4300",
        (
            Role("web", ("m6i.large", "m7g.large"), 8),
            Role("render", ("c6i.large",), 4),
        ),
    ),
    Application(
        "warehouse",
        "data",
        "4400",
        (
            Role("etl", ("c5.4xlarge", "c6i.4xlarge"), 4, root_gib=100),
            Role("store", ("i3.xlarge", "r6i.4xlarge"), 3, root_gib=100, data_gib=2000),
            Role("notebook", ("m5.2xlarge",), 3, root_gib=100),
        ),
    ),
    Application(
        "delivery",
        "platform",
        "4900",
        (
            Role("ci", ("m5.2xlarge", "m6i.2xlarge"), 5, root_gib=200),
            Role("bastion", ("t3.micro",), 1),
            Role("metrics", ("m6i.xlarge",), 2, data_gib=500),
        ),
    ),
)

SITES: Final[Mapping[str, Site]] = {
    "eu-central-1": Site(10, {"production": 1.0, "staging": 0.4, "development": 0.8}),
    "us-east-1": Site(20, {"production": 1.0, "staging": 0.4}),
    "eu-west-1": Site(30, {"production": 0.4, "development": 0.5}),
    "us-west-2": Site(40, {"production": 0.6}),
    "ap-southeast-1": Site(50, {"production": 0.3}),
}
"""Every other enabled region has nothing but its default network."""

SHORT_NAMES: Final = {"production": "prod", "staging": "stage", "development": "dev"}
"""How an environment is called within other names."""

BASE_IMAGE_AGES_DAYS: Final = (20, 110, 200, 290, 380, 650)
"""When the company made its base images; x86_64 machines run the newest of their day."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}

# Made by hand and forgotten: no application, and hardly a tag.
_STRAYS: Final = ("test", "tmp-debug", "migration-old", "poc-gpu", "windows-license-check")


def plan_machines(region: str) -> Iterator[Machine]:
    """Yield the machines of a region, the same in every run."""
    dice = random.Random(f"machines in {region}")  # noqa: S311 - a plan, not a secret
    for environment, share in SITES[region].environments.items():
        for application in APPLICATIONS:
            for role in application.roles:
                for number in range(1, max(1, round(role.count * share)) + 1):
                    yield _machine(dice, environment, application, role, number)
    for name in _STRAYS:
        yield _stray(dice, name)


def _machine(
    dice: random.Random, environment: str, application: Application, role: Role, number: int
) -> Machine:
    name = f"{application.name}-{role.name}-{SHORT_NAMES[environment]}-{number:02d}"
    instance_type = dice.choice(role.types)
    age_days = dice.uniform(2, 900)
    tags = {
        "Name": name,
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if dice.random() < 0.08:  # tagging rules came late, and not everybody follows them
        del tags[dice.choice(("team", "cost-center"))]
    stopped = dice.random() < _STOPPED_SHARE[environment]
    return Machine(
        name=name,
        type=instance_type,
        architecture=_architecture(instance_type),
        environment=environment,
        tags=tags,
        age_days=age_days,
        stopped_days=age_days * dice.uniform(0.05, 0.6) if stopped else None,
        root_gib=role.root_gib,
        data_gib=role.data_gib,
        public=role.name in {"bastion", "web"},
    )


def _stray(dice: random.Random, name: str) -> Machine:
    age_days = dice.uniform(200, 1100)
    return Machine(
        name=name,
        type="t3.medium",
        architecture="x86_64",
        environment="",
        tags={"Name": name},
        age_days=age_days,
        stopped_days=age_days * 0.9 if dice.random() < 0.5 else None,
        root_gib=30,
        data_gib=None,
        public=True,
    )


def _architecture(instance_type: str) -> str:
    """Return the architecture of a type: Graviton families have a `g` after their number."""
    family = instance_type.partition(".")[0]
    return "arm64" if family.endswith("g") else "x86_64"
