"""Delete one resource that nothing uses: a disk, an address or a snapshot."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.inventory.credential_selection import credential_key, require_deletable
from skyclust.model.delete_request import DeleteRequest
from skyclust.model.resource_reference import reference_of
from skyclust.operations.resource.planning import plan_deletion
from skyclust.orchestration.credentials import find_credential
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.heartbeats import heartbeat
from skyclust.orchestration.reports import report_operations
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.verdict import verdict
from skyclust.store.engine import open_store
from tasks.operations import carry_on_all, journal_operations
from tasks.resources import find_resource


@flow(
    name="delete-resource",
    flow_run_name=run_name_of(DeleteRequest),
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(DeleteRequest)
def delete_resource(request: DeleteRequest) -> State[Any]:
    """Find the resource, journal its deletion and carry it to its end.

    The run ends as Completed once the cloud reports that the resource no longer exists. It ends
    as Failed, with nothing deleted, when the resource is not as the inventory has it, is in use,
    is to be kept, or was gone before.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return _delete(request)


def _delete(request: DeleteRequest) -> State[Any]:
    store = open_store()
    do_deferred_work(store)
    resource = find_resource(request)
    credential = credential_key(find_credential(store, request.workspace, resource.credential))
    require_deletable(credential, resource.kind)
    tag_this_run({f"workspace:{credential.workspace_id}", f"provider:{credential.provider}"})
    reference = reference_of(resource)
    if request.identity:
        reference = reference.model_copy(update={"identity": request.identity})
    planned = plan_deletion(
        reference,
        name=resource.name,
        provider=credential.provider,
        credential=credential.name,
        wait_minutes=request.wait_minutes,
        run_id=current_run(),
    )
    carried = carry_on_all(journal_operations(credential.workspace_id, [planned]))
    report_operations(store, carried, run_id=current_run())
    return verdict(carried)
