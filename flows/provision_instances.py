"""Create instances: each exactly once, whatever crashes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.contract import ComputeProvider
from skyclust.file_modes import keep_files_private
from skyclust.inventory.credential_selection import credential_key, require_ability
from skyclust.inventory.placement import candidates
from skyclust.model.creation_forms import InstanceForm
from skyclust.model.operation import Operation, OperationState
from skyclust.model.placement import Ranked
from skyclust.model.provision_request import ProvisionRequest
from skyclust.operations.instance.planning import Attempt, plan_creations
from skyclust.operations.instance.taken_names import refuse_before_placement
from skyclust.operations.instance.user_data import plain_user_data
from skyclust.operations.journal import attempts
from skyclust.orchestration.artifacts import ProgressBar
from skyclust.orchestration.credentials import find_credential
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.partial_runs import ended
from skyclust.orchestration.reports import report_operations
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.verdict import verdict
from skyclust.store.engine import Store, open_store
from tasks.operations import carry_on_all, journal_operations
from tasks.placement import rank_places

WORKERS: Final = 20
"""Instances created at once; the credential's concurrency limit may allow fewer."""


@flow(
    name="provision-instances",
    flow_run_name=run_name_of(InstanceForm),
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(InstanceForm)
def provision_instances(form: InstanceForm) -> State[Any]:
    """Journal one operation for each instance, then carry all of them to their end.

    An instance that does not come up is deleted again. The run ends as Completed, as Partial
    when only some instances came up, or as Failed. A retry of the run goes on with the same
    operations.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return provision(form.request)


def provision(request: ProvisionRequest) -> State[Any]:
    """Create what a request names and return how the run ends."""
    store = open_store()
    do_deferred_work(store)
    # User data that does not open creates no instance: that is reported before a cloud is called.
    plain_user_data(request.user_data, request.workspace)
    if not request.allow_duplicate:
        # Journalling decides; this spares the survey of places for a name that is taken now.
        with store.reading() as connection:
            refuse_before_placement(
                connection, request.workspace, request.names, run_id=current_run()
            )
    if request.needs is None:
        ways = [_exact_attempt(store, request)]
    else:
        ranking = candidates(rank_places(request.workspace, request.needs))
        if request.dry_run:
            return _ranking_only(request, ranking)
        ways = [
            Attempt(ranked.place.credential, ranked.provider, ranked.spec)
            for ranked in ranking
            if ranked.spec
        ]
    tag_this_run({f"workspace:{request.workspace}", *(f"provider:{way.provider}" for way in ways)})
    planned = plan_creations(request, ways, run_id=current_run())
    journalled = journal_operations(request.workspace, planned)
    carried = _carry_on(request.workspace, journalled)
    tried = [each for operation in journalled for each in attempts(store, operation)]
    report_operations(store, tried, run_id=current_run())
    return ended(verdict(carried))


def _carry_on(workspace_id: str, journalled: Sequence[Operation]) -> list[Operation]:
    """Carry the operations to their end while a bar shows how many instances are up."""
    count = len(journalled)
    bar = ProgressBar(f"provision-progress-{workspace_id}", _up(0, count))
    carried = carry_on_all(journalled, on_end=lambda up: bar.move(100 * up / count, _up(up, count)))
    up = sum(one.state is OperationState.SUCCEEDED for one in carried)
    bar.move(100 * up / count, _up(up, count), last=True)
    return carried


def _up(number: int, count: int) -> str:
    return f"{number} of {count} instances up"


def _exact_attempt(store: Store, request: ProvisionRequest) -> Attempt:
    """Return the one way in which an exactly specified instance can be created."""
    if request.spec is None or request.credential is None:
        raise TypeError("A request without needs has a spec and a credential.")
    credential = credential_key(find_credential(store, request.workspace, request.credential))
    require_ability(credential, ComputeProvider)
    return Attempt(credential.name, credential.provider, request.spec)


def _ranking_only(request: ProvisionRequest, ranking: Sequence[Ranked]) -> State[Any]:
    first, *others = ranking
    message = f"{request.name} would be created in {first.place.credential}/{first.region}"
    message += f" as {first.spec.type}: {first.reason}" if first.spec else ""
    return Completed(
        message=f"{message}; {len(others)} places to fall back on. Nothing was created."
    )
