"""Running the change that carries advice out, and keeping which run does it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from skyclust.cli.flow_runs import run_flow
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS
from skyclust.costs.advice.records import ResourceDeletion
from skyclust.errors import Conflict

if TYPE_CHECKING:
    from skyclust.costs.advice.records import Advice, AdviceAction
    from skyclust.model.change_request import ChangeRequest
    from skyclust.model.delete_request import DeleteRequest
    from skyclust.store.engine import Store

OLDEST_EVIDENCE: Final = timedelta(hours=2)
"""A resource that was seen longer ago may be in use by now, and most changes cannot be undone."""


@dataclass(frozen=True)
class AdvisedChange:
    """The flow that carries advice out, and its request."""

    flow: str
    request: ChangeRequest | DeleteRequest


def change_of(advice: Advice, *, wait: float, now: datetime) -> AdvisedChange:
    """Return the flow and the request that carry advice out.

    Raises Conflict for advice whose evidence is too old to change anything by it.
    """
    action = advice.action
    if action is None:
        raise ValueError(f"advice {advice.id} has no action")
    if now - advice.evidence_at > OLDEST_EVIDENCE:
        raise Conflict(
            f"{advice.resource_name!r} was seen last at {advice.evidence_at:%Y-%m-%d %H:%M} UTC:"
            " too long ago to change it by that.",
            hint="Run `skyclust inventory sync`, and look at the advice again.",
        )
    if isinstance(action, ResourceDeletion):
        return AdvisedChange("delete-resource", _deletion(advice, action, wait))
    return AdvisedChange("change-instance", _change(advice, action, wait))


def _change(advice: Advice, action: AdviceAction, wait: float) -> ChangeRequest:
    from skyclust.model.change_request import ChangeRequest

    return checked(
        ChangeRequest,
        workspace=advice.workspace_id,
        action=action.kind,
        instance=action.instance,
        credential=advice.credential,
        region=advice.region,
        type=action.type,
        snapshot=action.snapshot,
        wait_minutes=wait,
    )


def _deletion(advice: Advice, action: ResourceDeletion, wait: float) -> DeleteRequest:
    from skyclust.model.delete_request import DeleteRequest

    return checked(
        DeleteRequest,
        workspace=advice.workspace_id,
        kind=action.kind,
        resource=action.resource,
        credential=advice.credential,
        region=advice.region,
        identity=action.identity,
        wait_minutes=wait,
    )


def carry_out(
    store: Store,
    advice: Advice,
    change: AdvisedChange,
    *,
    local: bool,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Run the change, keep the run's id in the decision, and exit as the run ended."""
    from skyclust.model.advice_decision import AdviceVerdict
    from skyclust.orchestration.actor import current_actor
    from skyclust.store import advice_decisions

    def keep(run_id: str) -> None:
        store.write(
            lambda connection: advice_decisions.record(
                connection,
                advice.workspace_id,
                advice.id,
                AdviceVerdict.APPLIED,
                reason=change.request.summary,
                decided_by=current_actor(),
                run_id=run_id,
            )
        )

    outcome = run_flow(
        change.flow, change.request, local=local, no_wait=no_wait, as_json=as_json, started=keep
    )
    finish(outcome, as_json=as_json, tables=OPERATIONS)
