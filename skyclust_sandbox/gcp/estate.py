"""The plan of the seeded estate: a project that a company has used for some years.

Everything here is plain data drawn from seeded dice, the same in every run; ages count back
from the moment the estate is built. `estate_builder` puts it into the world.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.locations import REGIONS


@dataclass(frozen=True)
class Role:
    """What a machine does in an application, and what it is made of. Sizes are in GiB."""

    name: str
    types: tuple[str, ...]
    count: int
    boot_gib: int = 20
    data_gib: int | None = None


@dataclass(frozen=True)
class Application:
    """Something that the company runs, and who answers for it."""

    name: str
    team: str
    cost_center: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Machine:
    """One machine of the plan. `stopped_days` is None while it runs."""

    name: str
    zone: str
    type: str
    environment: str
    labels: Mapping[str, str]
    age_days: float
    stopped_days: float | None
    boot_gib: int
    data_gib: int | None
    public: bool
    spot: bool


APPLICATIONS: Final = (
    Application(
        "shop",
        "web",
        "4300",
        (
            Role("front", ("n2-standard-2", "c4a-standard-2"), 8),
            Role("render", ("n2-highcpu-4",), 4),
        ),
    ),
    Application(
        "orders",
        "payments",
        "4100",
        (
            Role("api", ("n2-standard-4", "c4a-standard-4"), 6),
            Role("worker", ("e2-standard-4",), 5),
            Role("db", ("n2-highmem-8",), 2, boot_gib=40, data_gib=800),
        ),
    ),
    Application(
        "search",
        "search",
        "4200",
        (
            Role("query", ("c4a-highmem-4",), 5),
            Role("index", ("n2d-highmem-8",), 4, data_gib=500),
        ),
    ),
    Application(
        "analytics",
        "data",
        "4400",
        (
            Role("etl", ("n2-standard-16", "n2d-standard-16"), 4, boot_gib=100),
            Role("store", ("n2-highmem-16",), 3, boot_gib=50, data_gib=2000),
            Role("notebook", ("n1-standard-8",), 4, boot_gib=100),
        ),
    ),
    Application(
        "build",
        "platform",
        "4900",
        (
            Role("runner", ("e2-standard-8", "t2a-standard-8"), 6, boot_gib=200),
            Role("bastion", ("e2-micro",), 1, boot_gib=10),
            Role("metrics", ("e2-standard-4",), 2, data_gib=500),
        ),
    ),
)

SITES: Final[Mapping[str, Mapping[str, float]]] = {
    "europe-west3": {"production": 1.0, "staging": 0.4, "development": 0.8},
    "us-central1": {"production": 1.0, "staging": 0.4},
    "europe-west1": {"production": 0.3, "development": 0.5},
    "us-east1": {"production": 0.5},
    "asia-southeast1": {"production": 0.3},
}
"""The regions, and the share of its machines that each environment has there."""

SHORT_NAMES: Final = {"production": "prod", "staging": "stage", "development": "dev"}
"""How an environment is called within other names."""

BASE_IMAGE_AGES_DAYS: Final = (20, 110, 200, 290, 380, 650)
"""When the company made its base images; X86_64 machines run the newest of their day."""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}
_WITHOUT_ARM: Final = frozenset({"asia-southeast1"})
# Made by hand and forgotten: no application, and hardly a label.
_STRAYS: Final = ("instance-1", "instance-2", "test", "tmp-debug", "poc-gpu", "old-migration")


def plan_machines() -> Iterator[Machine]:
    """Yield the machines of the company, the same in every run."""
    for region, environments in SITES.items():
        dice = random.Random(f"machines in {region}")  # noqa: S311 - a plan, not a secret
        for environment, share in environments.items():
            for application in APPLICATIONS:
                for role in application.roles:
                    for number in range(1, max(1, round(role.count * share)) + 1):
                        yield _machine(
                            dice,
                            region,
                            environment,
                            application=application,
                            role=role,
                            number=number,
                        )
        for name in _STRAYS:
            yield _stray(dice, region, name)


def _machine(
    dice: random.Random,
    region: str,
    environment: str,
    *,
    application: Application,
    role: Role,
    number: int,
) -> Machine:
    name = f"{application.name}-{role.name}-{SHORT_NAMES[environment]}-{number:02d}"
    age_days = dice.uniform(2, 900)
    labels = {
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if dice.random() < 0.08:  # labelling rules came late, and not everybody follows them
        del labels[dice.choice(("team", "cost-center"))]
    stopped = dice.random() < _STOPPED_SHARE[environment]
    return Machine(
        name=name,
        zone=_zone(dice, region),
        type=_type(dice, region, role),
        environment=environment,
        labels=labels,
        age_days=age_days,
        stopped_days=age_days * dice.uniform(0.05, 0.6) if stopped else None,
        boot_gib=role.boot_gib,
        data_gib=role.data_gib,
        public=role.name in {"bastion", "front"},
        spot=role.name == "runner" and dice.random() < 0.7,
    )


def _stray(dice: random.Random, region: str, name: str) -> Machine:
    age_days = dice.uniform(200, 1100)
    return Machine(
        name=name,
        zone=_zone(dice, region),
        type="e2-medium",
        environment="",
        labels={},
        age_days=age_days,
        stopped_days=age_days * 0.9 if dice.random() < 0.5 else None,
        boot_gib=30,
        data_gib=None,
        public=True,
        spot=False,
    )


def _zone(dice: random.Random, region: str) -> str:
    # The fourth zone of us-central1 has no arm64 machines.
    return f"{region}-{dice.choice(REGIONS[region][:3])}"


def _type(dice: random.Random, region: str, role: Role) -> str:
    drawn = dice.choice(role.types)
    if region not in _WITHOUT_ARM:
        return drawn
    return drawn.replace("c4a-", "n2-").replace("t2a-", "e2-")
