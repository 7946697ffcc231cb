"""What must happen in an installation by itself, and whether it does.

That a server answers says little: its scheduler may fail every minute, its events may reach
nobody, and a pool may be paused. Each check looks at what there would be if all were well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from skyclust.embedded import event_probe, run_obstacles
from skyclust.embedded.late_runs import age, late_runs, parsed, some
from skyclust.embedded.prefect_api import ask
from skyclust.embedded.worker import WORK_POOL
from skyclust.errors import SkyClustError

RECOVERY_FLOW: Final = "recover-operations"

PLANNED_WITHIN: Final = timedelta(seconds=90)
"""The scheduler looks every minute at the least; a deployment that was just applied has no run
until then."""

FIRST_RECOVERY_WITHIN: Final = timedelta(minutes=6)
"""Three intervals of the schedule of recover-operations."""

SCHEDULER: Final = "scheduler"
LATE_RUNS: Final = "late runs"
POOL: Final = "work pool"
WORKERS: Final = "workers"
RECOVERY: Final = "last recovery"
EVENTS: Final = "event consumer"
AUTOMATIONS: Final = "automations"

PARTS: Final = (SCHEDULER, LATE_RUNS, POOL, WORKERS, RECOVERY, EVENTS, AUTOMATIONS)
"""What is checked, in the order in which it is shown."""

NOT_PROBED: Final = "not probed"
"""State of a check that could not be made."""


@dataclass(frozen=True)
class Check:
    """One thing that must happen: whether it does, in one word and in one sentence."""

    part: str
    healthy: bool
    state: str
    detail: str = ""


def check_all(api_url: str) -> list[Check]:
    """Return every check of the installation behind this Prefect server."""
    now = datetime.now(UTC)
    # At first, so that what becomes of it is known soon.
    sent = _probe(api_url)
    checks: dict[str, Callable[[], list[Check]]] = {
        SCHEDULER: lambda: [_paused_recovery(api_url) or _schedules(api_url, now)],
        LATE_RUNS: lambda: [_due_runs(api_url, now)],
        POOL: lambda: [_work_pool(api_url)],
        WORKERS: lambda: [_workers(api_url)],
        RECOVERY: lambda: [_last_recovery(api_url, now)],
        EVENTS: lambda: _events(api_url, sent),
    }
    with ThreadPoolExecutor(len(checks)) as threads:
        # The auth string of the requests is a variable of the context.
        made = [
            threads.submit(copy_context().run, _made, part, check) for part, check in checks.items()
        ]
        return [one for future in made for one in future.result()]


def _made(part: str, check: Callable[[], list[Check]]) -> list[Check]:
    """Return a check, or what kept it from being made: the others are made all the same."""
    try:
        return check()
    except SkyClustError as error:
        return [Check(part, healthy=False, state="no answer", detail=str(error))]


def _probe(api_url: str) -> str | SkyClustError:
    try:
        return event_probe.send(api_url)
    except SkyClustError as error:
        return error


def check_services(api_url: str) -> list[Check]:
    """Return the checks of what Prefect's background services do; raises Unavailable.

    Meant to be called every few seconds: a probe is sent only when no automation acted lately.
    One that somebody turned off, or that is not there yet, says nothing about the services.
    """
    found = [_schedules(api_url, datetime.now(UTC))]
    if not event_probe.answered_lately(api_url):
        found += _events(api_url, _probe(api_url))
    return [one for one in found if one.state != NOT_PROBED]


def _schedules(api_url: str, now: datetime) -> Check:
    """Check that each active schedule has its next run planned."""
    active = list(_active_schedules(api_url))
    missing = [
        f"{deployment['name']} ({_written(schedule['schedule'])})"
        for deployment, schedule in sorted(active, key=_needed_first)
        if not _has_planned_run(api_url, deployment, schedule, now)
        and now - _latest_change(deployment, schedule) > PLANNED_WITHIN
    ]
    if not missing:
        return Check(SCHEDULER, True, "ok", f"{len(active)} active, each with its next run")
    return Check(
        SCHEDULER,
        False,
        "not planned",
        f"No next run of {some(missing)}: the scheduler of the Prefect server does not work."
        " Its log says why.",
    )


def _needed_first(active: tuple[Mapping[str, Any], Mapping[str, Any]]) -> bool:
    """Sort the recovery first: it is the schedule that operations depend on."""
    deployment, _ = active
    return bool(deployment["name"] != RECOVERY_FLOW)


def _paused_recovery(api_url: str) -> Check | None:
    """Return what is wrong when nothing schedules the recovery; None when something does."""
    if any(deployment["name"] == RECOVERY_FLOW for deployment, _ in _active_schedules(api_url)):
        return None
    return Check(
        SCHEDULER,
        False,
        "paused",
        f"{RECOVERY_FLOW} has no active schedule, or is paused: turn it on in the Prefect UI,"
        " or run `skyclust up --reset`.",
    )


def _active_schedules(api_url: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each schedule that must have a run planned, with its deployment."""
    ours = {"work_pools": {"name": {"any_": [WORK_POOL]}}, "limit": 200}
    for deployment in ask(api_url, "/deployments/filter", ours):
        if deployment["paused"]:
            continue
        for schedule in deployment["schedules"]:
            if schedule["active"] and _comes_often(schedule["schedule"]):
                yield deployment, schedule


def _comes_often(schedule: Mapping[str, Any]) -> bool:
    """Return whether a schedule has a run at least every week, so that one is planned always.

    Others may have their next run beyond the 100 days that Prefect plans ahead, or none.
    """
    if "interval" in schedule:
        return float(schedule["interval"]) <= timedelta(days=7).total_seconds()
    fields = str(schedule.get("cron", "")).split()
    return len(fields) == 5 and fields[2] == fields[3] == "*"


def _has_planned_run(
    api_url: str, deployment: Mapping[str, Any], schedule: Mapping[str, Any], now: datetime
) -> bool:
    planned = {
        "flow_runs": {
            "deployment_id": {"any_": [deployment["id"]]},
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "expected_start_time": {"after_": now.isoformat()},
            "created_by": {"id_": [schedule["id"]]},
        },
        "limit": 1,
    }
    return bool(ask(api_url, "/flow_runs/filter", planned))


def _latest_change(deployment: Mapping[str, Any], schedule: Mapping[str, Any]) -> datetime:
    return max(parsed(deployment["updated"]), parsed(schedule["updated"]))


def _due_runs(api_url: str, now: datetime) -> Check:
    """Check that every run that is due was taken, and that every run that was taken has begun."""
    sentences = late_runs(api_url, now)
    if sentences:
        return Check(LATE_RUNS, False, "late", " ".join(sentences))
    return Check(LATE_RUNS, True, "ok", "none is late")


def _work_pool(api_url: str) -> Check:
    """Check that the pool is as closed as it was made, and neither it nor a queue is paused."""
    sentences = run_obstacles.opened(api_url, WORK_POOL)
    if sentences:
        return Check(POOL, False, "open", " ".join(sentences))
    sentences = run_obstacles.paused_anywhere(api_url, WORK_POOL)
    if sentences:
        return Check(POOL, False, "paused", " ".join(sentences))
    return Check(POOL, True, "ok", f"{WORK_POOL}: nothing is paused")


def _workers(api_url: str) -> Check:
    """Check that the server hears of a worker."""
    sentences = run_obstacles.unattended(api_url, WORK_POOL)
    if sentences:
        return Check(WORKERS, False, "none", " ".join(sentences))
    return Check(WORKERS, True, "ok", ", ".join(run_obstacles.workers(api_url, WORK_POOL)))


def _last_recovery(api_url: str, now: datetime) -> Check:
    """Check how the last recovery ended, and when."""
    ended = {
        "flows": {"name": {"any_": [RECOVERY_FLOW]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED"]}}},
        "sort": "END_TIME_DESC",
        "limit": 1,
    }
    runs = ask(api_url, "/flow_runs/filter", ended)
    if runs:
        run = runs[0]
        detail = f"{age(run['end_time'], now)} ago: {(run['state'] or {}).get('message') or ''}"
        # Partial: it ran, and left open what a cloud did not let it end yet.
        healthy = run["state_type"] == "COMPLETED" or run["state_name"] == "Partial"
        return Check(RECOVERY, healthy, "ok" if healthy else run["state_type"].lower(), detail)
    flows = ask(api_url, "/flows/filter", {"flows": ended["flows"], "limit": 1})
    young = not flows or now - parsed(flows[0]["created"]) < FIRST_RECOVERY_WITHIN
    return Check(
        RECOVERY, young, "none yet", "The schedule of recover-operations begins the first."
    )


def _events(api_url: str, sent: str | SkyClustError) -> list[Check]:
    """Check that events are stored, and that automations react to them."""
    if isinstance(sent, SkyClustError):
        raise sent
    named = {"automations": {"name": {"any_": [event_probe.AUTOMATION]}}}
    known = ask(api_url, "/automations/filter", named)
    enabled = bool(known) and bool(known[0]["enabled"])
    answers = event_probe.look(api_url, sent)
    if not answers.stored:
        lost = "A probe was not stored: nothing consumes the events."
        unseen = "What they do cannot be seen while events are lost."
        return [
            Check(EVENTS, False, "lost", lost),
            Check(AUTOMATIONS, False, "unknown", unseen),
        ]
    stored = Check(EVENTS, True, "ok", "a probe was stored")
    if answers.answered:
        return [stored, Check(AUTOMATIONS, True, "ok", "one answered a probe")]
    if enabled:
        detail = "None answered a probe: a crash is noticed by the recovery loop alone."
        return [stored, Check(AUTOMATIONS, False, "silent", detail)]
    detail = f"Turn on the automation {event_probe.AUTOMATION!r}, or run `skyclust up --reset`."
    return [stored, Check(AUTOMATIONS, False, NOT_PROBED, detail)]


def _written(schedule: Mapping[str, Any]) -> str:
    """Return a schedule as prefect.yaml has it."""
    return str(schedule.get("cron") or f"every {float(schedule['interval']):.0f} s")
