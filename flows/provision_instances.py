"""Make machines: each exactly once, whatever dies in between."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.contract import ComputeProvider
from skyclust.model.request import ProvisionRequest
from skyclust.orchestration.runs import tag_this_run
from skyclust.planning import creations
from skyclust.store.engine import open_store
from tasks.accounts import account, check_ability
from tasks.journal import current_run, journal_operations
from tasks.operations import carry_on_all, verdict
from tasks.reports import report_operations

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

    A machine that does not come up is deleted again. The run ends as Completed, as Partial
    when only some machines came up, or as Failed. A retry of the run goes on with the same
    operations.
    """
    store = open_store()
    target = account(store, request.workspace, request.credential)
    check_ability(target, ComputeProvider)
    tag_this_run({f"workspace:{target.workspace_id}", f"provider:{target.provider}"})
    planned = creations(request, provider=target.provider, run_id=current_run())
    journalled = journal_operations(target.workspace_id, planned)
    carried = carry_on_all(journalled)
    report_operations(store, carried, run_id=current_run())
    return verdict(carried)
