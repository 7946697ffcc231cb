"""The schedules of one deployment: ours follow prefect.yaml, those of people stay.

A schedule is ours when bootstrap made it. One that somebody changed keeps what they changed, one
that they deleted stays deleted, and one that they added is never touched but by a reset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse

from deployments.last_applied import AppliedObject, AppliedSchedule
from deployments.prefect_yaml import declared_schedule
from deployments.three_way_merge import digest, merge, pairs

Schedule = DeploymentScheduleCreate | DeploymentSchedule

_ANCHOR: Final = {"anchor_date"}
"""The server sets it where it is not given; writing it anew would begin the interval again."""


@dataclass(frozen=True)
class AppliedSchedules:
    """What a deployment's schedules are by now, and a sentence for each that was kept or reset."""

    applied: dict[str, AppliedSchedule]
    kept: tuple[str, ...]


def apply_schedules(
    client: SyncPrefectClient,
    deployment: DeploymentResponse,
    declared: Sequence[Mapping[str, Any]],
    applied: AppliedObject,
    *,
    reset: bool,
) -> AppliedSchedules:
    """Bring the schedules of a deployment in line with the declared ones and return what holds."""
    wanted = {_key(one, index): declared_schedule(one) for index, one in enumerate(declared)}
    work = _Work(client, deployment, dict(applied.schedules))
    work.adopt(wanted, unknown=applied.id is None)
    kept = [*work.leave(wanted, reset=reset)]
    for key, one in wanted.items():
        kept += work.apply(key, one, reset=reset)
    kept += work.others(reset=reset)
    return AppliedSchedules(work.applied, tuple(kept))


class _Work:
    """The schedules of one deployment while they are applied."""

    def __init__(
        self,
        client: SyncPrefectClient,
        deployment: DeploymentResponse,
        applied: dict[str, AppliedSchedule],
    ) -> None:
        self.client = client
        self.deployment = deployment
        self.applied = applied
        self.present = {one.id: one for one in deployment.schedules}

    def adopt(self, wanted: Mapping[str, DeploymentScheduleCreate], *, unknown: bool) -> None:
        """Take the schedules of the server that are ours though nothing says so.

        Those like a declared one, that an earlier version made. Of a deployment of which nothing
        is known, what then is left on both sides was ours and changed by somebody.
        """
        ours = {one.id for one in self.applied.values()}
        free = {known.id: known for known in self.present.values() if known.id not in ours}
        missing = {key: one for key, one in wanted.items() if key not in self.applied}
        for key, one in list(missing.items()):
            same = [known for known in free.values() if _same(one, known)]
            if same:
                self.applied[key] = AppliedSchedule(id=same[0].id)
                del free[same[0].id], missing[key]
        if unknown:
            for key, known in zip(missing, free.values(), strict=False):
                self.applied[key] = AppliedSchedule(id=known.id)

    def leave(
        self, wanted: Mapping[str, DeploymentScheduleCreate], *, reset: bool
    ) -> Iterator[str]:
        """Delete our schedules that are no longer declared, unless somebody changed them."""
        for key in [key for key in self.applied if key not in wanted]:
            before = self.applied.pop(key)
            known = self.present.get(before.id)
            if known is None:
                continue
            if _was_changed(known, before) and not reset:
                yield f"schedule {described(known)}, which is no longer declared and was changed"
            else:
                self._delete(known)

    def apply(self, key: str, wanted: DeploymentScheduleCreate, *, reset: bool) -> Iterator[str]:
        """Bring one declared schedule to the server; yield what stays as somebody changed it."""
        before = self.applied.get(key)
        known = self.present.get(before.id) if before else None
        if before is not None and known is None:
            yield f"schedule {described(wanted)} {'is made again' if reset else 'stays deleted'}"
            if not reset:
                return
        if before is None or known is None:
            known = self._create(wanted)
            before = AppliedSchedule(id=known.id)
        result = merge(_fields(wanted), _fields(known), before.fields, reset=reset)
        if result.kept or (reset and result.changes):
            yield f"schedule {described(known)}: {', '.join([*result.kept, *result.changes])}"
        if result.changes:
            known = self._update(known, wanted, result.changes)
        fields = pairs(_fields(wanted), _fields(known), before.fields, result.kept)
        self.applied[key] = AppliedSchedule(id=known.id, fields=fields)

    def others(self, *, reset: bool) -> Iterator[str]:
        """Leave the schedules of people alone; a reset deletes them."""
        ours = {one.id for one in self.applied.values()}
        for known in list(self.present.values()):
            if known.id in ours:
                continue
            if reset:
                self._delete(known)
                yield f"schedule {described(known)} is deleted: prefect.yaml does not have it"
            else:
                yield f"schedule {described(known)}, which somebody added"

    def _create(self, wanted: DeploymentScheduleCreate) -> DeploymentSchedule:
        [made] = self.client.create_deployment_schedules(self.deployment.id, [wanted])
        self.present[made.id] = made
        return made

    def _update(
        self,
        known: DeploymentSchedule,
        wanted: DeploymentScheduleCreate,
        changes: Mapping[str, Any],
    ) -> DeploymentSchedule:
        self.client.update_deployment_schedule(
            self.deployment.id,
            known.id,
            active=wanted.active if "active" in changes else None,
            schedule=wanted.schedule if "schedule" in changes else None,
            # The server empties them when an update does not name them.
            parameters=wanted.parameters if "parameters" in changes else known.parameters,
        )
        found = {one.id: one for one in self.client.read_deployment_schedules(self.deployment.id)}
        self.present[known.id] = found[known.id]
        return found[known.id]

    def _delete(self, known: DeploymentSchedule) -> None:
        self.client.delete_deployment_schedule(self.deployment.id, known.id)
        del self.present[known.id]


def described(one: Schedule) -> str:
    """Return a schedule as people read it."""
    fields = one.schedule.model_dump(mode="json")
    when = fields.get("cron") or fields.get("rrule") or f"every {float(fields['interval']):.0f} s"
    return f"`{when}`"


def _key(declared: Mapping[str, Any], index: int) -> str:
    return str(declared.get("slug") or f"number-{index + 1}")


def _fields(one: Schedule) -> dict[str, Any]:
    return {
        "schedule": one.schedule.model_dump(mode="json", exclude=_ANCHOR),
        "active": one.active,
        "parameters": one.parameters or {},
    }


def _was_changed(known: DeploymentSchedule, before: AppliedSchedule) -> bool:
    unknown = ("", "")
    return any(
        before.fields.get(field, unknown)[1] != digest(value)
        for field, value in _fields(known).items()
    )


def _same(wanted: DeploymentScheduleCreate, known: DeploymentSchedule) -> bool:
    return digest(_fields(wanted)["schedule"]) == digest(_fields(known)["schedule"])
