"""The plan of the seeded estate: the account of a company after some years of use.

The plan is plain data from a seeded random generator, the same in every run. Ages count back from
the time at which the estate is built. `estate_builder` creates it in moto.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Role:
    """The role of instances in an application, with their types and disks. Sizes are in GiB."""

    name: str
    types: tuple[str, ...]
    count: int
    root_gib: int = 20
    data_gib: int | None = None


@dataclass(frozen=True)
class Application:
    """An application of the company, and the team that owns it."""

    name: str
    team: str
    cost_center: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Site:
    """A region in use: its environments, each with its share of the instances."""

    number: int
    environments: Mapping[str, float]


@dataclass(frozen=True)
class PlannedInstance:
    """One instance of the plan. `stopped_days` is None for a running instance."""

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
"""All other enabled regions have only their default network."""

SHORT_NAMES: Final = {"production": "prod", "staging": "stage", "development": "dev"}
"""The abbreviation of an environment in names."""

BASE_IMAGE_AGES_DAYS: Final = (20, 110, 200, 290, 380, 650)
"""The ages of the company's base images; an x86_64 instance has the newest of its launch day."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}

# Instances launched by hand and forgotten: no application, and hardly a tag.
_STRAYS: Final = ("test", "tmp-debug", "migration-old", "poc-gpu", "windows-license-check")


def plan_instances(region: str) -> Iterator[PlannedInstance]:
    """Yield the instances of a region, the same in every run."""
    rng = random.Random(f"machines in {region}")  # noqa: S311 - a plan, not a secret
    for environment, share in SITES[region].environments.items():
        for application in APPLICATIONS:
            for role in application.roles:
                for number in range(1, max(1, round(role.count * share)) + 1):
                    yield _instance(rng, environment, application, role, number)
    for name in _STRAYS:
        yield _stray(rng, name)


def _instance(
    rng: random.Random, environment: str, application: Application, role: Role, number: int
) -> PlannedInstance:
    name = f"{application.name}-{role.name}-{SHORT_NAMES[environment]}-{number:02d}"
    instance_type = rng.choice(role.types)
    age_days = rng.uniform(2, 900)
    tags = {
        "Name": name,
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if rng.random() < 0.08:  # some instances are not tagged completely
        del tags[rng.choice(("team", "cost-center"))]
    stopped = rng.random() < _STOPPED_SHARE[environment]
    return PlannedInstance(
        name=name,
        type=instance_type,
        architecture=_architecture(instance_type),
        environment=environment,
        tags=tags,
        age_days=age_days,
        stopped_days=age_days * rng.uniform(0.05, 0.6) if stopped else None,
        root_gib=role.root_gib,
        data_gib=role.data_gib,
        public=role.name in {"bastion", "web"},
    )


def _stray(rng: random.Random, name: str) -> PlannedInstance:
    age_days = rng.uniform(200, 1100)
    return PlannedInstance(
        name=name,
        type="t3.medium",
        architecture="x86_64",
        environment="",
        tags={"Name": name},
        age_days=age_days,
        stopped_days=age_days * 0.9 if rng.random() < 0.5 else None,
        root_gib=30,
        data_gib=None,
        public=True,
    )


def _architecture(instance_type: str) -> str:
    """Return the architecture of a type: Graviton families have a `g` after their number."""
    family = instance_type.partition(".")[0]
    return "arm64" if family.endswith("g") else "x86_64"
