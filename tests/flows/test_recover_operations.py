"""What a dead run left is finished or undone; what a living one works on is left to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.flows import flow
from prefect.states import Cancelled, Crashed, Running

from skyclust.errors import Fenced
from skyclust.model.creation_forms import InstanceForm
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.instance.planning import plan_creations
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import operations
from tests.flows.conftest import Installation, attempt

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("installation", ["sqlite", "postgresql"], indirect=True),
]


@flow(name="someone-else")
def someone_else() -> None:
    """Stands for a run of another process."""


def run_in_state(state: object) -> str:
    """Make a flow run that stands in a state, as a process that is gone would leave it."""
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(someone_else)
        client.set_flow_run_state(run.id, state, force=True)  # type: ignore[arg-type]  # State
    return str(run.id)


def journalled(installation: Installation, run_id: str, *, step: str | None = None) -> Operation:
    """Leave an operation in the journal as a run would have left it."""
    request = InstanceForm.model_validate(installation.provision()).request
    planned = plan_creations(request, [attempt(request)], run_id=run_id)
    with installation.store.writing() as connection:
        operation = operations.journal(connection, "default", planned, run_id=run_id)[0]
        if step is not None:
            operation = operations.advance(
                connection,
                "default",
                operation.id,
                operation.epoch,
                step=step,
                state=OperationState.RUNNING,
            )
    return operation


def recover() -> RunOutcome:
    return run_here("recover-operations", {})


def state(installation: Installation, operation: Operation) -> OperationState:
    with installation.store.reading() as connection:
        return operations.get(connection, "default", operation.id).state


def test_nothing_to_recover_is_said_so(installation: Installation) -> None:
    outcome = recover()
    assert outcome.succeeded
    assert outcome.message == "No operation needs recovery."


@pytest.mark.parametrize("step", [None, "requested"])
def test_the_operation_of_a_crashed_run_is_finished(
    installation: Installation, step: str | None
) -> None:
    operation = journalled(installation, run_in_state(Crashed()), step=step)
    outcome = recover()
    assert outcome.succeeded, outcome.message
    assert state(installation, operation) is OperationState.SUCCEEDED
    assert installation.cloud_names() == ["web"]
    assert installation.machines() == {"web": "running"}


def test_the_operation_of_a_run_that_prefect_has_forgotten_is_finished(
    installation: Installation,
) -> None:
    operation = journalled(installation, str(uuid4()))
    assert recover().succeeded
    assert state(installation, operation) is OperationState.SUCCEEDED


def test_a_run_at_work_is_left_alone(installation: Installation) -> None:
    operation = journalled(installation, run_in_state(Running()))
    assert recover().message == "No operation needs recovery."
    assert state(installation, operation) is OperationState.PENDING


def test_what_a_cancelled_run_had_not_begun_is_not_begun(installation: Installation) -> None:
    operation = journalled(installation, run_in_state(Cancelled()))
    recover()
    assert state(installation, operation) is OperationState.CANCELLED
    assert installation.cloud_names() == []


def test_what_a_cancelled_run_had_begun_is_undone(installation: Installation) -> None:
    operation = journalled(installation, run_in_state(Cancelled()), step="requested")
    assert recover().succeeded
    assert state(installation, operation) is OperationState.ROLLED_BACK
    assert installation.cloud_names() == []
    assert installation.machines() == {}


def test_recoveries_side_by_side_make_one_machine(installation: Installation) -> None:
    operation = journalled(installation, run_in_state(Crashed()), step="requested")
    with ThreadPoolExecutor(max_workers=3) as pool:
        outcomes = [future.result() for future in [pool.submit(recover) for _ in range(3)]]
    assert all(outcome.state_type == "COMPLETED" for outcome in outcomes)
    assert state(installation, operation) is OperationState.SUCCEEDED
    assert installation.cloud_names() == ["web"]
    with installation.store.reading() as connection:
        assert operations.get(connection, "default", operation.id).epoch == 2


def test_an_owner_that_wakes_up_is_fenced_off(installation: Installation) -> None:
    operation = journalled(installation, run_in_state(Crashed()), step="requested")
    assert recover().succeeded
    with installation.store.writing() as connection, pytest.raises(Fenced):
        operations.advance(connection, "default", operation.id, operation.epoch, step="failed")
