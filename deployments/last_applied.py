"""What was applied last, kept at the Prefect server itself, in variables of its own.

So it is always as old as what it speaks of: a server that is restored from a backup, or made
anew, brings the right one along.
"""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deployments.three_way_merge import Pair

PREFIX: Final = "skyclust_applied_"
TAG: Final = "skyclust"


class AppliedSchedule(BaseModel):
    """A schedule of ours; `id` is the one that the server gave it."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    fields: dict[str, Pair] = Field(default_factory=dict)


class AppliedObject(BaseModel):
    """What was applied to one object; nothing at all when `id` is None."""

    model_config = ConfigDict(frozen=True)

    id: UUID | None = None
    fields: dict[str, Pair] = Field(default_factory=dict)
    tags: list[str] | None = None
    schedules: dict[str, AppliedSchedule] = Field(default_factory=dict)


class AppliedObjects(BaseModel):
    """What was applied to several objects, by their names."""

    model_config = ConfigDict(frozen=True)

    objects: dict[str, AppliedObject] = Field(default_factory=dict)


_Record = TypeVar("_Record", AppliedObject, AppliedObjects)


def read_applied(client: SyncPrefectClient, name: str, kind: type[_Record]) -> _Record:
    """Return what was applied last under this name; an empty record when nothing was."""
    found = client.read_variable_by_name(PREFIX + name)
    if found is None:
        return kind()
    try:
        return kind.model_validate(found.value)
    except ValidationError:
        return kind()  # somebody wrote something else there: nothing is known


def write_applied(
    client: SyncPrefectClient, name: str, record: AppliedObject | AppliedObjects
) -> None:
    """Keep what was applied, unless it is there already."""
    value = record.model_dump(mode="json", exclude_defaults=True)
    found = client.read_variable_by_name(PREFIX + name)
    if found is None:
        client.create_variable(VariableCreate(name=PREFIX + name, value=value, tags=[TAG]))
    elif found.value != value:
        client.update_variable(VariableUpdate(name=PREFIX + name, value=value, tags=found.tags))
