"""One machine is started, stopped, rebooted, resized or deleted; the right one or none."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.model.operation import OperationState
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust_sandbox.faults import Fault, FaultKind
from tasks.operations import take_step
from tests.flows.conftest import REGION, Installation, events_of

pytestmark = pytest.mark.integration


def change(action: str, instance: str, **request: Any) -> RunOutcome:
    parameters = {"action": action, "instance": instance, **request}
    return run_here("change-instance", parameters)


@pytest.fixture
def web(installation: Installation) -> str:
    """The id of a running machine called web."""
    outcome = run_here("provision-instances", installation.provision())
    assert outcome.succeeded, outcome.message
    instance_id = outcome.tables["operations-default"][0]["id"]
    assert isinstance(instance_id, str)
    return instance_id


def test_a_machine_is_stopped_and_started_by_its_name(installation: Installation, web: str) -> None:
    stopped = change("stop", "web")
    assert stopped.succeeded, stopped.message
    assert installation.machines() == {"web": "stopped"}
    started = change("start", web)
    assert started.succeeded, started.message
    assert installation.machines() == {"web": "running"}
    told = events_of(started.run_id, "skyclust.instance.", wanted=1)
    assert [event["event"] for event in told] == ["skyclust.instance.started"]


def test_a_running_machine_is_stopped_resized_and_started_again(
    installation: Installation, web: str
) -> None:
    outcome = change("resize", "web", type="t3.large")
    assert outcome.succeeded, outcome.message
    resize = next(one for one in installation.operations() if one.kind == "resize")
    assert installation.lines(resize) == [
        "journalled",
        "stopping",
        "halting",
        "stopped",
        "resized",
        "starting",
        "ready",
        "succeeded",
    ]
    assert installation.type_of(web) == "t3.large"
    assert installation.machines() == {"web": "running"}


def test_a_refused_resize_leaves_the_machine_running_as_it_was(
    installation: Installation, web: str
) -> None:
    outcome = change("resize", "web", type="t9.enormous")
    assert outcome.state_type == "FAILED"
    resize = next(one for one in installation.operations() if one.kind == "resize")
    assert resize.state is OperationState.ROLLED_BACK
    assert installation.type_of(web) == "t3.small"
    assert installation.machines() == {"web": "running"}


def test_a_deleted_machine_is_gone_from_the_cloud_and_the_inventory(
    installation: Installation, web: str
) -> None:
    outcome = change("delete", web)
    assert outcome.succeeded, outcome.message
    assert installation.machines() == {}
    assert installation.cloud_names() == []


def test_a_reboot_whose_answer_is_lost_is_not_repeated(
    installation: Installation, web: str
) -> None:
    installation.sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="RebootInstances", code="Unavailable", status=503)
    )
    outcome = change("reboot", "web")
    assert outcome.state_type == "FAILED"
    assert "not known whether the reboot" in outcome.message


def test_a_machine_is_rebooted(installation: Installation, web: str) -> None:
    outcome = change("reboot", "web")
    assert outcome.succeeded, outcome.message


def test_a_name_that_two_machines_bear_is_refused(installation: Installation, web: str) -> None:
    refused = run_here("provision-instances", installation.provision())
    assert refused.state_type == "FAILED"
    assert f"'web' is instance {web} of {installation.credential}" in refused.message
    assert len(installation.operations()) == 1

    again = run_here("provision-instances", installation.provision(allow_duplicate=True))
    assert again.succeeded, again.message
    outcome = change("delete", "web")
    assert outcome.state_type == "FAILED"
    assert "2 instances are called 'web'" in outcome.message
    assert f"\n  {web}  {installation.credential}  {REGION}  running" in outcome.message
    assert len(installation.cloud_names()) == 2
    assert change("delete", web).succeeded
    assert len(installation.cloud_names()) == 1


def test_a_machine_the_inventory_has_not_seen_is_asked_of_the_cloud(
    installation: Installation, web: str
) -> None:
    installation.forget(web)
    unknown = change("stop", "web")
    assert unknown.state_type == "FAILED"
    assert "no instance 'web'" in unknown.message
    outcome = change("stop", "web", credential=installation.credential, region=REGION)
    assert outcome.succeeded, outcome.message
    assert installation.machines() == {"web": "stopped"}


def test_a_machine_that_is_busy_for_long_is_not_stopped_later(
    installation: Installation, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_step, "retries", 1)
    busy = Fault(kind=FaultKind.ERROR, action="StopInstances", code="IncorrectState", status=400)
    installation.sandbox.inject(busy)
    outcome = change("stop", "web")
    assert outcome.state_type == "FAILED"
    assert {one.state.final for one in installation.operations()} == {True}

    installation.sandbox.clear()
    assert run_here("recover-operations", {}).message == "No operation needs recovery."
    assert installation.machines() == {"web": "running"}
