"""The instances of the seeded estate: a project that a company has used for some years.

The plan is drawn from random number generators with fixed seeds, so that it is the same in every
run. Ages count back from the time at which `estate_builder` adds the resources to the state.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.gcp.locations import REGIONS


@dataclass(frozen=True)
class Role:
    """A role of instances in an application: machine types, count, and disk sizes in GiB."""

    name: str
    machine_types: tuple[str, ...]
    count: int
    boot_gib: int = 20
    data_gib: int | None = None


@dataclass(frozen=True)
class Application:
    """An application of the company, with the team that is responsible for it."""

    name: str
    team: str
    cost_center: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class PlannedInstance:
    """An instance of the plan. `stopped_days` is None for a running instance."""

    name: str
    zone: str
    machine_type: str
    environment: str
    labels: Mapping[str, str]
    age_days: float
    stopped_days: float | None
    boot_gib: int
    data_gib: int | None
    external: bool
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
"""The regions, each with its environments and the share of a role's count that they have."""

SHORT_NAMES: Final = {"production": "prod", "staging": "stage", "development": "dev"}
"""The environments, each with its abbreviation in resource names."""

BASE_IMAGE_AGES_DAYS: Final = (20, 110, 200, 290, 380, 650)
"""The ages of the company's base images.

An x86 instance has the newest image that is older than itself.
"""

_STOPPED_SHARE: Final = {"production": 0.02, "staging": 0.15, "development": 0.4}
_WITHOUT_ARM: Final = frozenset({"asia-southeast1"})
# Instances that were created by hand and never deleted: no application and no label.
_FORGOTTEN: Final = ("instance-1", "instance-2", "test", "tmp-debug", "poc-gpu", "old-migration")


def plan_instances() -> Iterator[PlannedInstance]:
    """Yield the instances of the estate."""
    for region, environments in SITES.items():
        rng = random.Random(f"machines in {region}")  # noqa: S311 - not a secret
        for environment, share in environments.items():
            for application in APPLICATIONS:
                for role in application.roles:
                    for number in range(1, max(1, round(role.count * share)) + 1):
                        yield _instance(
                            rng,
                            region,
                            environment,
                            application=application,
                            role=role,
                            number=number,
                        )
        for name in _FORGOTTEN:
            yield _forgotten_instance(rng, region, name)


def _instance(
    rng: random.Random,
    region: str,
    environment: str,
    *,
    application: Application,
    role: Role,
    number: int,
) -> PlannedInstance:
    name = f"{application.name}-{role.name}-{SHORT_NAMES[environment]}-{number:02d}"
    age_days = rng.uniform(2, 900)
    labels = {
        "environment": environment,
        "team": application.team,
        "cost-center": application.cost_center,
        "application": application.name,
        "role": role.name,
    }
    if rng.random() < 0.08:  # some instances break the company's labelling rules
        del labels[rng.choice(("team", "cost-center"))]
    stopped = rng.random() < _STOPPED_SHARE[environment]
    return PlannedInstance(
        name=name,
        zone=_draw_zone(rng, region),
        machine_type=_draw_machine_type(rng, region, role),
        environment=environment,
        labels=labels,
        age_days=age_days,
        stopped_days=age_days * rng.uniform(0.05, 0.6) if stopped else None,
        boot_gib=role.boot_gib,
        data_gib=role.data_gib,
        external=role.name in {"bastion", "front"},
        spot=role.name == "runner" and rng.random() < 0.7,
    )


def _forgotten_instance(rng: random.Random, region: str, name: str) -> PlannedInstance:
    age_days = rng.uniform(200, 1100)
    return PlannedInstance(
        name=name,
        zone=_draw_zone(rng, region),
        machine_type="e2-medium",
        environment="",
        labels={},
        age_days=age_days,
        stopped_days=age_days * 0.9 if rng.random() < 0.5 else None,
        boot_gib=30,
        data_gib=None,
        external=True,
        spot=False,
    )


def _draw_zone(rng: random.Random, region: str) -> str:
    # The fourth zone of us-central1 has no arm64 machine types.
    return f"{region}-{rng.choice(REGIONS[region][:3])}"


def _draw_machine_type(rng: random.Random, region: str, role: Role) -> str:
    machine_type = rng.choice(role.machine_types)
    if region not in _WITHOUT_ARM:
        return machine_type
    return machine_type.replace("c4a-", "n2-").replace("t2a-", "e2-")
