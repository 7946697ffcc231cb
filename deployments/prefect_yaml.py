"""What prefect.yaml declares."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skyclust.errors import ConfigurationError

_SCHEDULE_FIELDS: Final = ("active", "parameters", "slug", "max_scheduled_runs")
"""Keys of a schedule in prefect.yaml that say something about it; the others are it."""


class WorkPoolReference(BaseModel):
    """Where a deployment's runs wait for a worker, and what is special about their processes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    work_queue_name: str = "default"


class ConcurrencyLimit(BaseModel):
    """How many runs of a deployment there may be at once, and what becomes of one too many."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE


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


def declared_schedule(declared: Mapping[str, Any]) -> DeploymentScheduleCreate:
    """Return a schedule of prefect.yaml; raises ConfigurationError for one that is none."""
    about = {key: value for key, value in declared.items() if key in _SCHEDULE_FIELDS}
    schedule = {key: value for key, value in declared.items() if key not in _SCHEDULE_FIELDS}
    try:
        return DeploymentScheduleCreate.model_validate({"schedule": schedule, **about})
    except ValidationError as error:
        raise ConfigurationError(f"The schedule {dict(declared)} is not one: {error}") from error
