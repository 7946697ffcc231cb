"""Start, stop, reboot, resize or delete one machine."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.contract import ComputeProvider
from skyclust.model.request import ChangeRequest
from skyclust.orchestration.runs import tag_this_run
from skyclust.planning import change
from skyclust.store.engine import open_store
from tasks.accounts import account, check_ability
from tasks.journal import current_run, journal_operations
from tasks.machines import find_machine
from tasks.operations import carry_on_all, verdict
from tasks.reports import report_operations


@flow(
    name="change-instance",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
)
def change_instance(request: ChangeRequest) -> State[Any]:
    """Find the machine that is meant, journal the operation and carry it to its end.

    The run ends as Completed, or as Failed with the reason. Deleting ends when the cloud
    says that the machine is gone, not before.
    """
    store = open_store()
    machine = find_machine(request)
    target = account(store, request.workspace, machine.credential)
    check_ability(target, ComputeProvider)
    tag_this_run({f"workspace:{target.workspace_id}", f"provider:{target.provider}"})
    planned = change(
        request,
        provider=target.provider,
        credential=target.credential,
        region=machine.region,
        instance_id=machine.id,
        instance_name=machine.name,
        run_id=current_run(),
    )
    journalled = journal_operations(target.workspace_id, [planned])
    carried = carry_on_all(journalled)
    report_operations(store, carried, run_id=current_run())
    return verdict(carried)
