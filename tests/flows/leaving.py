"""What a process that is gone leaves: flow runs in a state, operations at a line."""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import get_client
from prefect.flows import flow

from skyclust.model.operation import Operation, OperationState
from skyclust.model.provision_request import ProvisionRequest
from skyclust.operations.instance.planning import Attempt, plan_creations
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import operations
from tests.flows.memory import REGION, MemoryAccount


@flow(name="someone-else")
def someone_else() -> None:
    """Stands for a run of another process."""


@flow(name="recover-operations")
def housekeeping() -> None:
    """Stands for a recovery of another process."""


def run_in(*states: Any, of: Any = someone_else) -> str:
    """Make a flow run that went through states, as a process that is gone would leave it."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(of)
        for state in states:
            client.set_flow_run_state(run.id, state, force=True)
    return str(run.id)


def recover() -> RunOutcome:
    return run_here("recover-operations", {})


def left_creating(memory: MemoryAccount, run_id: str, line: str) -> Operation:
    """Leave the making of a machine in the journal at a line, and at the cloud as it is then."""
    memory.image()
    spec = {"name": "web", "region": REGION, "type": "small", "image": "debian-12"}
    request = ProvisionRequest.model_validate({"credential": memory.credential, "spec": spec})
    assert request.spec is not None
    ways = [Attempt(memory.credential, "memory", request.spec)]
    planned = plan_creations(request, ways, run_id=run_id)
    with memory.store.writing() as connection:
        [operation] = operations.journal(connection, "default", planned, run_id=run_id)
    if line == "journalled":
        return operation
    made = None
    if line != "requested":
        made = memory.provider.create_instance(request.spec.opened(None), operation.token).reference
    with memory.store.writing() as connection:
        return operations.advance(
            connection,
            "default",
            operation.id,
            1,
            step=line,
            state=OperationState.RUNNING,
            subject_id=made.id if made is not None and line != "uncertain" else None,
            subject_unique_id=made.unique_id if made is not None else None,
            attempts=1,
        )


def stored(memory: MemoryAccount) -> Operation:
    """The newest operation."""
    return memory.operations()[0]
