"""Change one instance: its power, its type, its snapshots, its disks or its tags."""

from __future__ import annotations

from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.inventory.credential_selection import (
    credential_key,
    require_ability,
    require_power_off_only,
)
from skyclust.inventory.instance_lookup import InstanceLocation
from skyclust.model.change_request import ChangeRequest
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import NewOperation
from skyclust.operations.instance.planning import needed_abilities, plan_change
from skyclust.operations.instance.remarks import remarks
from skyclust.orchestration.credentials import find_credential
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.reports import report_operations
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.verdict import verdict
from skyclust.store import operations
from skyclust.store.engine import open_store
from tasks.instances import find_disk, find_instance, find_snapshot
from tasks.operations import carry_on_all, journal_operations

BILLED_ON: Final = (
    "The instance is powered off only: it keeps its place, and a cloud that bills for the place"
    " bills on until the instance is stopped wholly or deleted."
)


@flow(
    name="change-instance",
    flow_run_name=run_name_of(ChangeRequest),
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(ChangeRequest)
def change_instance(request: ChangeRequest) -> State[Any]:
    """Find the instance, journal the operation and carry it to its end.

    The run ends as Completed, or as Failed with the reason. Deleting ends when the cloud
    reports that the instance no longer exists, not before. A change that the instance's provider
    cannot do at all is refused before anything is journalled.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return _change(request)


def _change(request: ChangeRequest) -> State[Any]:
    store = open_store()
    do_deferred_work(store)
    instance = find_instance(request)
    credential = credential_key(find_credential(store, request.workspace, instance.credential))
    for ability in needed_abilities(request.action):
        require_ability(credential, ability, purpose=request.action.value)
    if request.power_off_only:
        require_power_off_only(credential.provider, instance.name or instance.id)
    tag_this_run({f"workspace:{credential.workspace_id}", f"provider:{credential.provider}"})
    planned = _plan(request, credential, instance)
    journalled = journal_operations(credential.workspace_id, [planned])
    carried = carry_on_all(journalled)
    report_operations(store, carried, run_id=current_run())
    state = verdict(carried)
    if not state.is_completed():
        return state
    with store.reading() as connection:
        said = remarks(operations.entries(connection, credential.workspace_id, carried[0].id))
    if request.power_off_only:
        said.append(BILLED_ON)
    return Completed(message=" ".join([state.message or "", *said])) if said else state


def _plan(
    request: ChangeRequest, credential: CredentialKey, instance: InstanceLocation
) -> NewOperation:
    """Return the operation, with the ids of the snapshot and the disk that the request names.

    They are journalled, so that every later step means the same ones whatever is renamed.
    """
    disk_id = find_disk(credential, instance, request.disk) if request.disk else None
    names_snapshot = request.snapshot and request.action is not InstanceAction.SNAPSHOT
    return plan_change(
        request,
        provider=credential.provider,
        credential=credential.name,
        instance=instance.reference,
        instance_name=instance.name,
        run_id=current_run(),
        snapshot_id=find_snapshot(credential, instance, request.snapshot or "")
        if names_snapshot
        else None,
        disk_id=disk_id,
    )
