"""Machines are made exactly once, and the store knows each of them."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State, StateType
from prefect.flow_engine import run_flow
from prefect.states import Scheduled

from flows.provision_instances import provision_instances
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.creation_forms import InstanceForm
from skyclust.model.operation import OperationState
from skyclust.operations.instance.planning import plan_creations
from skyclust.orchestration.limits import credential_limit_name
from skyclust.orchestration.runs import run_here
from skyclust.store import audit, operations
from skyclust_sandbox.faults import Fault, FaultKind
from tests.flows.conftest import (
    REGION,
    Installation,
    artifacts_of,
    attempt,
    events_of,
    eventually,
    read_run,
)

pytestmark = pytest.mark.integration


def provision(parameters: dict[str, Any]) -> Any:
    return run_here("provision-instances", parameters)


def test_machines_are_made_recorded_and_shown(installation: Installation) -> None:
    outcome = provision(installation.provision(count=2))

    assert (outcome.state_type, outcome.state_name) == ("COMPLETED", "Completed"), outcome.message
    assert installation.machines() == {"web-1": "running", "web-2": "running"}
    for operation in installation.operations():
        assert operation.state is OperationState.SUCCEEDED
        assert installation.lines(operation) == [
            "journalled",
            "requested",
            "accepted",
            "ready",
            "succeeded",
        ]
    assert [row["name"] for row in outcome.tables["operations-default"]] == ["web-1", "web-2"]
    run = read_run(outcome.run_id)
    assert run.name == f"provision web-1..2 on {installation.credential} in {REGION}"
    assert set(run.tags) == {"workspace:default", "provider:aws"}
    told = events_of(outcome.run_id, "skyclust.instance.", wanted=2)
    assert [event["event"] for event in told] == ["skyclust.instance.created"] * 2
    of_operations = events_of(outcome.run_id, "skyclust.operation.", wanted=4)
    assert Counter(event["event"] for event in of_operations) == {
        "skyclust.operation.requested": 2,
        "skyclust.operation.succeeded": 2,
    }
    with installation.store.reading() as connection:
        assert audit.verify(connection, "default") == []
        actions = [entry.action for entry in audit.list_all(connection, "default")]
    assert actions.count("instance.create.succeeded") == 2


def test_a_reply_lost_after_the_commit_makes_no_second_machine(
    installation: Installation,
) -> None:
    installation.sandbox.inject(Fault(kind=FaultKind.DROP_REPLY, action="RunInstances", times=1))
    outcome = provision(installation.provision())

    assert outcome.succeeded, outcome.message
    assert installation.cloud_names() == ["web"]
    assert installation.machines() == {"web": "running"}


def test_a_machine_the_cloud_refuses_fails_and_leaves_nothing(installation: Installation) -> None:
    outcome = provision(installation.provision(spec={"type": "t9.enormous"}))

    assert outcome.state_type == "FAILED"
    operation = installation.operations()[0]
    assert operation.state is OperationState.FAILED
    failed = events_of(outcome.run_id, "skyclust.operation.failed", wanted=1)
    assert [event["payload"]["error_class"] for event in failed] == [operation.error_class]
    assert operation.error_class == "InvalidRequest"
    assert installation.cloud_names() == []
    assert installation.machines() == {}
    shown = artifacts_of(outcome.run_id)
    assert set(shown) == {"operations-default", "provision-progress-default"}, "it has no page"
    assert shown["provision-progress-default"].description == "0 of 1 instances up"
    ends = eventually(lambda: _ends_of_tasks(outcome.run_id), lambda ends: len(ends) == 2)
    assert {state.type for state in ends} == {StateType.FAILED}, "its tasks are red"
    assert f"failed: {operation.error}" in {state.message for state in ends}


def _ends_of_tasks(run_id: str) -> list[State[Any]]:
    """Return the final states of a run's tasks that create."""
    mine = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(run_id)]))
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=mine)
    states = [run.state for run in runs if run.name.startswith("create ")]
    return [state for state in states if state is not None and state.is_final()]


def test_some_machines_and_not_all_is_partial(installation: Installation) -> None:
    installation.sandbox.inject(
        Fault(
            kind=FaultKind.ERROR,
            action="RunInstances",
            code="InsufficientInstanceCapacity",
            status=400,
            times=1,
        )
    )
    outcome = provision(installation.provision(count=3))

    assert (outcome.state_type, outcome.state_name) == ("FAILED", "Partial"), outcome.message
    states = sorted(operation.state.value for operation in installation.operations())
    assert states == ["failed", "succeeded", "succeeded"]
    assert len(installation.cloud_names()) == 2
    assert len(installation.machines()) == 2
    bar = artifacts_of(outcome.run_id)["provision-progress-default"]
    assert bar.description == "2 of 3 instances up"
    assert bar.data == pytest.approx(200 / 3)


def test_a_retry_of_a_finished_run_makes_nothing_new(installation: Installation) -> None:
    parameters = installation.provision(count=2)
    first = provision(parameters)
    run_again(first.run_id, parameters)

    assert len(installation.operations()) == 2
    assert installation.cloud_names() == ["web-1", "web-2"]


def test_a_retry_of_a_crashed_run_takes_its_operations_over(installation: Installation) -> None:
    parameters = installation.provision(count=2)
    with get_client(sync_client=True) as client:
        run_id = str(client.create_flow_run(provision_instances, parameters=parameters).id)
    request = InstanceForm.model_validate(parameters).request
    planned = plan_creations(request, [attempt(request)], run_id=run_id)
    with installation.store.writing() as connection:
        left = operations.journal(connection, "default", planned, run_id=run_id)[0]
        operations.advance(
            connection,
            "default",
            left.id,
            left.epoch,
            step="requested",
            state=OperationState.RUNNING,
        )
    # What the crashed attempt has asked the cloud for, without living to write it down.
    spec = attempt(request).spec.model_copy(update={"name": "web-1"})
    installation.provider().create_instance(spec.opened(None), left.token)
    run_again(run_id, parameters)

    assert installation.cloud_names() == ["web-1", "web-2"]
    assert {one.state for one in installation.operations()} == {OperationState.SUCCEEDED}
    assert {one.epoch for one in installation.operations()} == {2}


def run_again(run_id: str, parameters: dict[str, Any]) -> None:
    """Run a flow run once more under its own id, as `prefect flow-run retry` does."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(read_run(run_id).id, Scheduled(), force=True)
    state = run_flow(
        provision_instances,
        flow_run=read_run(run_id),
        parameters=parameters,
        return_type="state",
    )
    assert isinstance(state, State)
    assert state.is_completed(), state.message


def test_a_full_limit_lets_one_machine_be_asked_for_after_the_other(
    installation: Installation,
) -> None:
    name = credential_limit_name("default", installation.credential)
    limit = GlobalConcurrencyLimitCreate(name=name, limit=1)
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(limit)
    outcome = provision(installation.provision(count=2))

    assert outcome.succeeded, outcome.message
    spans = []
    with installation.store.reading() as connection:
        for one in installation.operations():
            at = {line.step: line.at for line in operations.entries(connection, "default", one.id)}
            spans.append((at["requested"], at["accepted"]))
    (_, first_accepted), (second_asked, _) = sorted(spans)
    assert first_accepted <= second_asked


def test_a_run_without_such_a_credential_fails_before_anything_is_journalled(
    installation: Installation,
) -> None:
    parameters = installation.provision()
    parameters["credential"] = "nobody"
    outcome = provision(parameters)

    assert outcome.state_type == "FAILED"
    assert "nobody" in outcome.message
    assert installation.operations() == []


def test_what_does_not_fit_the_form_is_refused_before_a_run_is_made(
    installation: Installation,
) -> None:
    with pytest.raises(InvalidRequest, match="no parameter 'colour'"):
        provision({**installation.provision(), "colour": "red"})
    with pytest.raises(InvalidRequest, match="count"):
        provision(installation.provision(count=1000))
    with pytest.raises(NotFound, match="no flow"):
        run_here("provision-clouds", {})
