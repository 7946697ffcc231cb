"""Automations: what the server does by itself when a run dies or a block is saved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from skyclust.orchestration.blocks import BLOCK_TYPE_PREFIX
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.runs import ENTRYPOINTS

SILENT_AFTER: Final = timedelta(seconds=70)
"""Two heartbeats of 30 s and some delay."""

NEVER_BEGAN_AFTER: Final = timedelta(minutes=5)
"""A run that a worker took and did not begin; starting its process takes seconds."""

CHANGING_FLOWS: Final = ("change-instance", "provision-instances")
"""The flows that leave operations behind when they die."""

RECOVERY: Final = "recover-operations/recover-operations"
SEALING: Final = "seal-credentials/seal-credentials"

_RUN: Final = "prefect.flow-run"


def apply_automations() -> list[str]:
    """Make the server's automations of these names equal to ours; return the names.

    One that an operator disabled stays disabled.
    """
    with prefect_client() as client:
        recovery = client.read_deployment_by_name(RECOVERY).id
        sealing = client.read_deployment_by_name(SEALING).id
        wanted = automations(recovery, sealing)
        for automation in wanted:
            _apply(client, automation)
    return [automation.name for automation in wanted]


def automations(recovery: UUID, sealing: UUID) -> list[AutomationCore]:
    """Return every automation; the ids are of the deployments that they run.

    `recovery` carries operations on, `sealing` seals credential blocks.
    """
    return [
        _silent_runs(),
        _runs_that_never_began(),
        _recovery_after_crash(recovery),
        _sealing_of_saved_blocks(sealing),
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
            after={
                f"{_RUN}.heartbeat",
                f"{_RUN}.Running",
                f"{_RUN}.Retrying",
                f"{_RUN}.Cancelling",
            },
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
            after={f"{_RUN}.Pending"},
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
                message="A worker took this run and did not begin it: the worker is gone.",
            )
        ],
    )


def _recovery_after_crash(recovery: UUID) -> AutomationCore:
    return AutomationCore(
        name="skyclust: recover operations after a crash",
        description="When a run that changes machines crashes, its operations are carried on.",
        trigger=EventTrigger(
            match=_any_run(),
            match_related=_of_flows(CHANGING_FLOWS),
            expect={f"{_RUN}.Crashed"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=recovery)],
    )


def _sealing_of_saved_blocks(sealing: UUID) -> AutomationCore:
    return AutomationCore(
        name="skyclust: seal credential blocks",
        description="A credential block that somebody makes or edits in the UI is plain text"
        " until it is sealed, so that happens at once.",
        trigger=EventTrigger(
            match=ResourceSpecification({"prefect.resource.id": "prefect.block-document.*"}),
            match_related=ResourceSpecification(
                {
                    "prefect.resource.role": "block-type",
                    "prefect.resource.name": f"{BLOCK_TYPE_PREFIX} *",
                }
            ),
            expect={"prefect.block-document.created", "prefect.block-document.updated"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=sealing)],
    )


def _any_run() -> ResourceSpecification:
    return ResourceSpecification({"prefect.resource.id": f"{_RUN}.*"})


def _of_flows(names: Iterable[str]) -> ResourceSpecification:
    # By flow and not by deployment: runs of `--local` have no deployment, and flows of others
    # on the same server may beat at another pace.
    return ResourceSpecification(
        {"prefect.resource.role": "flow", "prefect.resource.name": sorted(names)}
    )


def _apply(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    found = client.read_automations_by_name(wanted.name)
    if not found:
        client.create_automation(wanted)
        return
    keep, *doubles = found
    for double in doubles:
        client.delete_automation(double.id)
    # Writing an automation drops what its trigger is counting: only when there is a reason.
    if _told(keep) != _told(wanted):
        client.update_automation(keep.id, wanted.model_copy(update={"enabled": keep.enabled}))


def _told(automation: AutomationCore) -> dict[str, Any]:
    # Not as JSON: there the events of a trigger, which are sets, have no certain order.
    return automation.model_dump(include={"description", "trigger", "actions"})
