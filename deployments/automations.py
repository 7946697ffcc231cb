"""Automations: what the server does by itself when a run dies, a block is saved, a probe comes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, DoNothing, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from skyclust.embedded import event_probe
from skyclust.orchestration.blocks import BLOCK_TYPE_PREFIX
from skyclust.orchestration.crash_message import NOTHING_DONE
from skyclust.orchestration.runs import ENTRYPOINTS

SILENT_AFTER: Final = timedelta(seconds=70)
"""Two heartbeats of 30 s and some delay."""

NEVER_BEGAN_AFTER: Final = timedelta(minutes=5)
"""A run that a worker took and did not begin; starting its process takes seconds."""

PENDING_STATES: Final = ("Pending", "Submitting", "InfrastructurePending")
"""The names of states of type PENDING, one after the other while a worker starts a process."""

RUNNING_STATES: Final = ("Running", "Retrying")
"""The names of states of type RUNNING."""

QUIET_AFTER: Final = timedelta(seconds=10)
"""So long no block is saved before the sealing begins; the least that Prefect takes."""

CHANGING_FLOWS: Final = (
    "change-instance",
    "delete-resource",
    "place-instances",
    "provision-instances",
)
"""The flows that leave operations behind when they die."""

RECOVERY: Final = "recover-operations/recover-operations"
SEALING: Final = "seal-credentials/seal-credentials"

_RUN: Final = "prefect.flow-run"


def automations(recovery: UUID, sealing: UUID) -> list[AutomationCore]:
    """Return every automation; the ids are of the deployments that they run.

    `recovery` carries operations on, `sealing` seals credential blocks.
    """
    return [
        _silent_runs(),
        _runs_that_never_began(),
        _recovery_after_crash(recovery),
        _sealing_of_saved_blocks(sealing),
        _answers_to_probes(),
    ]


def _silent_runs() -> AutomationCore:
    return AutomationCore(
        name="skyclust: mark silent runs as crashed",
        description="A run whose process and worker died says nothing any more. After"
        f" {SILENT_AFTER.seconds} s without heartbeat it is marked as crashed.",
        trigger=EventTrigger(
            match=_any_run(),
            match_related=_of_flows(ENTRYPOINTS),
            # Also a run that dies before its first heartbeat, or while it is cancelled.
            after={f"{_RUN}.{name}" for name in ("heartbeat", *RUNNING_STATES, "Cancelling")},
            # Any sign of life or any other state: states have names of their own (Partial).
            expect={f"{_RUN}.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENT_AFTER,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message=f"No heartbeat for {SILENT_AFTER.seconds} s: its process is gone.",
            )
        ],
    )


def _runs_that_never_began() -> AutomationCore:
    return AutomationCore(
        name="skyclust: mark runs that never began as crashed",
        description="A run that a worker took and did not begin within"
        f" {NEVER_BEGAN_AFTER.seconds // 60} minutes is marked as crashed.",
        trigger=EventTrigger(
            match=_any_run(),
            match_related=_of_flows(ENTRYPOINTS),
            after={f"{_RUN}.{name}" for name in PENDING_STATES},
            expect={f"{_RUN}.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=NEVER_BEGAN_AFTER,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="A worker took this run and did not begin it: the worker is gone."
                f" {NOTHING_DONE}",
            )
        ],
    )


def _recovery_after_crash(recovery: UUID) -> AutomationCore:
    return AutomationCore(
        name="skyclust: recover operations after a crash",
        description="When a run that changes instances crashes, its operations are carried on."
        " When somebody cancels it, what it had begun is undone.",
        trigger=EventTrigger(
            match=_any_run(),
            match_related=_of_flows(CHANGING_FLOWS),
            expect={f"{_RUN}.Crashed", f"{_RUN}.Cancelled"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=recovery)],
    )


def _sealing_of_saved_blocks(sealing: UUID) -> AutomationCore:
    saved = {"prefect.block-document.created", "prefect.block-document.updated"}
    return AutomationCore(
        name="skyclust: seal credential blocks",
        description="A credential block that somebody makes or edits in the UI is plain text"
        f" until it is sealed, which happens {QUIET_AFTER.seconds} s after the last of them was"
        " saved.",
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": "prefect.block-document.*"}),
            match_related=ResourceSpecification(
                {
                    "prefect.resource.role": "block-type",
                    "prefect.resource.name": f"{BLOCK_TYPE_PREFIX} *",
                }
            ),
            # Each save begins the time anew, so that many of them, as when a key is rotated,
            # are followed by one run.
            after=saved,
            expect=saved,
            # One bucket for all blocks. Without a label Prefect opens one even when nothing was
            # saved, and would seal every twenty seconds for ever.
            for_each={"related:block-type:prefect.resource.role"},
            posture=Posture.Proactive,
            threshold=1,
            within=QUIET_AFTER,
        ),
        actions=[RunDeployment(source="selected", deployment_id=sealing)],
    )


def _answers_to_probes() -> AutomationCore:
    return AutomationCore(
        name=event_probe.AUTOMATION,
        description="Does nothing, so that `skyclust status` sees whether automations work: it"
        " sends an event, and looks for what Prefect says about this automation then.",
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": f"{event_probe.RESOURCE}.*"}),
            expect={event_probe.EVENT},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[DoNothing()],
    )


def _any_run() -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.id": f"{_RUN}.*"})


def _of_flows(names: Iterable[str]) -> ResourceSpecification:
    # By flow and not by deployment: runs of `--local` have no deployment, and flows of others
    # on the same server may beat at another pace.
    return ResourceSpecification(
        {"prefect.resource.role": "flow", "prefect.resource.name": sorted(names)}
    )
