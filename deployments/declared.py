"""Applying the deployments of prefect.yaml: the server has what the file says, no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import (
    ConcurrencyLimitStrategy,
    ConcurrencyOptions,
    DeploymentSchedule,
)
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skyclust import __version__
from skyclust.errors import ConfigurationError
from skyclust.orchestration.client import prefect_client

_SCHEDULE_FIELDS: Final = ("active", "parameters", "slug", "max_scheduled_runs")
"""Keys of a schedule in prefect.yaml that say something about it; the others are it."""


class WorkPoolReference(BaseModel):
    """Where a deployment's runs wait for a worker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    work_queue_name: str = "default"


class ConcurrencyLimit(BaseModel):
    """How many runs of a deployment there may be at once, and what becomes of one too many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE

    @property
    def options(self) -> ConcurrencyOptions:
        """Return what the server wants to know besides the number."""
        return ConcurrencyOptions(collision_strategy=self.collision_strategy)


class Declared(BaseModel):
    """One deployment as prefect.yaml has it. A key that is not here is refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    entrypoint: str
    description: str
    work_pool: WorkPoolReference
    tags: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(default_factory=dict)
    schedules: tuple[dict[str, Any], ...] = ()
    concurrency_limit: ConcurrencyLimit | None = None


def prefect_file() -> Path:
    """Return the path of prefect.yaml: beside this module when installed, else in the checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "prefect.yaml"
    return installed if installed.exists() else here.parent / "prefect.yaml"


def read_declared(path: Path) -> list[Declared]:
    """Return the deployments of a prefect.yaml; raises ConfigurationError for a wrong one."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [Declared.model_validate(entry) for entry in content["deployments"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValidationError) as error:
        raise ConfigurationError(f"{path} cannot be applied: {error}") from error


def apply_deployments(declared: Sequence[Declared]) -> list[str]:
    """Make the server's deployments equal to these; return their names, `flow/deployment`."""
    return [_apply(one) for one in declared]


def _apply(declared: Declared) -> str:
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        declared.entrypoint, use_placeholder_flow=False
    )
    name = f"{flow.name}/{declared.name}"
    limit = declared.concurrency_limit
    with prefect_client() as client:
        client.create_deployment(
            flow_id=client.create_flow(flow),
            name=declared.name,
            version=__version__,
            description=declared.description,
            tags=list(declared.tags),
            entrypoint=declared.entrypoint,
            parameters=declared.parameters,
            parameter_openapi_schema=parameter_schema(flow).model_dump(exclude_unset=True),
            enforce_parameter_schema=True,
            work_pool_name=declared.work_pool.name,
            work_queue_name=declared.work_pool.work_queue_name,
            # Schedules that are not in this list are deleted with the update.
            schedules=_schedules(declared.schedules, _existing_schedules(client, name)),
            concurrency_limit=limit.limit if limit else None,
            concurrency_options=limit.options if limit else None,
            # Entrypoints are importable modules: there is no code to pull.
            pull_steps=[],
        )
    return name


def _existing_schedules(client: SyncPrefectClient, name: str) -> list[DeploymentSchedule]:
    try:
        return list(client.read_deployment_by_name(name).schedules)
    except ObjectNotFound:
        return []


def _schedules(
    declared: Sequence[Mapping[str, Any]], existing: Sequence[DeploymentSchedule]
) -> list[DeploymentScheduleCreate]:
    """Return the schedules to save, each as the server has it where it has it already.

    So an interval keeps its anchor, and does not start anew each time this is applied, and a
    schedule that an operator paused stays paused.
    """
    wanted = [_parsed(one) for one in declared]
    return [
        next(
            (
                one.model_copy(update={"schedule": known.schedule, "active": known.active})
                for known in existing
                if _same(one, known)
            ),
            one,
        )
        for one in wanted
    ]


def _parsed(declared: Mapping[str, Any]) -> DeploymentScheduleCreate:
    about = {key: value for key, value in declared.items() if key in _SCHEDULE_FIELDS}
    schedule = {key: value for key, value in declared.items() if key not in _SCHEDULE_FIELDS}
    try:
        return DeploymentScheduleCreate.model_validate({"schedule": schedule, **about})
    except ValidationError as error:
        raise ConfigurationError(f"The schedule {dict(declared)} is not one: {error}") from error


def _same(wanted: DeploymentScheduleCreate, known: DeploymentSchedule) -> bool:
    def told(schedule: BaseModel) -> dict[str, Any]:
        return schedule.model_dump(mode="json", exclude={"anchor_date"})

    return type(wanted.schedule) is type(known.schedule) and told(wanted.schedule) == told(
        known.schedule
    )
