"""Make machines: each exactly once, whatever dies in between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.contract import ComputeProvider
from skyclust.file_modes import keep_files_private
from skyclust.model.placement import Ranked
from skyclust.model.provision_request import ProvisionRequest
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.runs import tag_this_run
from skyclust.placement import candidates
from skyclust.planning import Attempt, creations
from skyclust.store.engine import Store, open_store
from tasks.accounts import account, check_ability
from tasks.journal import attempts, current_run, journal_operations
from tasks.operations import carry_on_all
from tasks.placement import rank_places
from tasks.reports import report_operations
from tasks.user_data import plain_user_data
from tasks.verdict import verdict

WORKERS: Final = 20
"""Machines worked on at once; the credential's concurrency limit may allow fewer."""


@flow(
    name="provision-instances",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
)
def provision_instances(request: ProvisionRequest) -> State[Any]:
    """Journal one operation a machine, then carry all of them to their end.

    A machine asked for by its needs is tried in the best place first, and in the next where
    there is no room. A machine that does not come up is deleted again. The run ends as
    Completed, as Partial when only some machines came up, or as Failed. A retry of the run
    goes on with the same operations. A dry run shows the ranking and makes nothing.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return _provision(request)


def _provision(request: ProvisionRequest) -> State[Any]:
    store = open_store()
    finish(store)
    # What does not open makes no machine: that is said before any cloud is asked.
    plain_user_data(request.user_data, request.workspace)
    if request.needs is None:
        ways = [_exactly(store, request)]
    else:
        ranking = candidates(rank_places(request.workspace, request.needs))
        if request.dry_run:
            return _shown(request, ranking)
        ways = [
            Attempt(one.place.credential, one.provider, one.spec) for one in ranking if one.spec
        ]
    tag_this_run({f"workspace:{request.workspace}", *(f"provider:{one.provider}" for one in ways)})
    planned = creations(request, ways, run_id=current_run())
    journalled = journal_operations(request.workspace, planned)
    carried = carry_on_all(journalled)
    tried = [each for one in journalled for each in attempts(store, one)]
    report_operations(store, tried, run_id=current_run())
    return verdict(carried)


def _exactly(store: Store, request: ProvisionRequest) -> Attempt:
    """Return the one way in which an exact machine can be made."""
    target = account(store, request.workspace, request.credential or "")
    check_ability(target, ComputeProvider)
    if request.spec is None:
        raise TypeError("A request without needs has a spec.")
    return Attempt(target.credential, target.provider, request.spec)


def _shown(request: ProvisionRequest, ranking: Sequence[Ranked]) -> State[Any]:
    first, *others = ranking
    message = f"{request.name} would be made in {first.place.credential}/{first.region}"
    message += f" as {first.spec.type}" if first.spec else ""
    return Completed(message=f"{message}; {len(others)} places to fall back on. Nothing was made.")
