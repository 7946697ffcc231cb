"""Change one machine: its power, its type, its snapshots, its disks or its tags."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.model.change_request import ChangeRequest, InstanceAction
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.runs import tag_this_run
from skyclust.planning import Meant, change, needed_abilities
from skyclust.store.engine import open_store
from tasks.accounts import Account, account, check_ability
from tasks.disks import find_disk
from tasks.journal import current_run, journal_operations
from tasks.machines import Machine, find_machine
from tasks.operations import carry_on_all
from tasks.reports import report_operations
from tasks.snapshots import find_snapshot
from tasks.verdict import verdict

BILLED_ON: Final = (
    "The machine is powered off only: it keeps its place, and a cloud that bills for the place"
    " bills on until the machine is stopped wholly or deleted."
)


@flow(
    name="change-instance",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
)
def change_instance(request: ChangeRequest) -> State[Any]:
    """Find the machine that is meant, journal the operation and carry it to its end.

    The run ends as Completed, or as Failed with the reason. Deleting ends when the cloud
    says that the machine is gone, not before. What the machine's provider cannot do at all
    is refused before anything is journalled.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return _change(request)


def _change(request: ChangeRequest) -> State[Any]:
    store = open_store()
    finish(store)
    machine = find_machine(request)
    target = account(store, request.workspace, machine.credential)
    for ability in needed_abilities(request.action.kind):
        check_ability(target, ability, purpose=request.action.value)
    tag_this_run({f"workspace:{target.workspace_id}", f"provider:{target.provider}"})
    planned = change(
        request,
        provider=target.provider,
        credential=target.credential,
        instance=machine.reference,
        instance_name=machine.name,
        run_id=current_run(),
        meant=_meant(request, target, machine),
    )
    journalled = journal_operations(target.workspace_id, [planned])
    carried = carry_on_all(journalled)
    report_operations(store, carried, run_id=current_run())
    state = verdict(carried)
    if request.power_off_only and state.is_completed():
        return Completed(message=f"{state.message} {BILLED_ON}")
    return state


def _meant(request: ChangeRequest, target: Account, machine: Machine) -> Meant:
    """Return the ids of the snapshot and of the disk that the request speaks of.

    They are journalled, so that every later step means the same one whatever is renamed.
    """
    if request.disk:
        return Meant(disk_id=find_disk(target, machine, request.disk))
    if request.snapshot and request.action is not InstanceAction.SNAPSHOT:
        return Meant(snapshot_id=find_snapshot(target, machine, request.snapshot))
    return Meant()
