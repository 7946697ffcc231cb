"""prefect.yaml: each deployment loads as a worker loads it, and its form explains itself."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any
from uuid import uuid4

import prefect.states
import pytest
import yaml
from prefect.client.schemas.objects import State, StateType
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.automations import PENDING_STATES, RUNNING_STATES, automations
from skyclust.orchestration.runs import ENTRYPOINTS

ROOT = Path(__file__).parents[3]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
    "deployments"
]
NAMES = [deployment["name"] for deployment in DEPLOYMENTS]


def load(deployment: dict[str, Any]) -> Flow[..., Any]:
    return load_flow_from_entrypoint(deployment["entrypoint"], use_placeholder_flow=False)


def test_the_deployments_are_those_that_commands_know() -> None:
    assert {one["name"]: one["entrypoint"] for one in DEPLOYMENTS} == ENTRYPOINTS


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_entrypoint_loads_from_any_folder(
    deployment: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(deployment).name == deployment["name"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_deployment_says_what_it_does(deployment: dict[str, Any]) -> None:
    assert len(deployment["description"]) > 40
    assert deployment["tags"]
    assert deployment["work_pool"]["name"] == "skyclust"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_the_parameters_of_every_deployment_are_accepted(deployment: dict[str, Any]) -> None:
    parameters = deployment.get("parameters")
    if parameters:
        load(deployment).validate_parameters(parameters)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=NAMES)
def test_every_field_of_a_form_has_a_title_and_a_description(deployment: dict[str, Any]) -> None:
    schema = parameter_schema(load(deployment)).model_dump()
    models = {
        name: model
        for name, model in schema["definitions"].items()
        if model.get("type") == "object"
    }
    assert models
    for name, model in models.items():
        for field, form in model["properties"].items():
            assert form.get("title"), f"{name}.{field} has no title"
            assert form.get("description"), f"{name}.{field} has no description"


def form(name: str, model: str) -> dict[str, Any]:
    deployment = next(one for one in DEPLOYMENTS if one["name"] == name)
    properties: dict[str, Any] = parameter_schema(load(deployment)).model_dump()["definitions"][
        model
    ]["properties"]
    return properties


def test_forms_carry_choices_and_bounds() -> None:
    action = parameter_schema(load(DEPLOYMENTS[NAMES.index("change-instance")])).model_dump()
    assert action["definitions"]["ChangeRequest"]["properties"]["action"]["enum"] == [
        "start",
        "stop",
        "reboot",
        "resize",
        "delete",
        "snapshot",
        "restore",
        "delete-snapshot",
        "attach-disk",
        "detach-disk",
        "set-tags",
    ]
    brake = form("sync-inventory", "SyncRequest")["brake_share"]
    assert (brake["minimum"], brake["maximum"]) == (0.0, 1.0)
    count = form("provision-instances", "ProvisionRequest")["count"]
    assert (count["minimum"], count["maximum"]) == (1, 100)


def test_an_automation_that_waits_for_silence_has_a_key() -> None:
    """Prefect opens a window without any event where there is none, and acts at its end."""
    waiting = [
        one.trigger
        for one in automations(uuid4(), uuid4())
        if isinstance(one.trigger, EventTrigger) and one.trigger.posture is Posture.Proactive
    ]
    assert waiting
    assert all(trigger.after and trigger.for_each for trigger in waiting)


@pytest.mark.parametrize(
    ("of_type", "watched"),
    [(StateType.PENDING, PENDING_STATES), (StateType.RUNNING, RUNNING_STATES)],
    ids=["pending", "running"],
)
def test_every_state_in_which_a_run_may_die_is_watched(
    of_type: StateType, watched: tuple[str, ...]
) -> None:
    """Events carry a state's name, and a release of Prefect may bring new names of a type."""
    makers = [
        make
        for name, make in inspect.getmembers(prefect.states, inspect.isfunction)
        if name[0].isupper() and make.__module__ == prefect.states.__name__
    ]
    made: list[State[Any]] = [make() for make in makers]

    assert {state.name for state in made if state.type is of_type} == {*watched}
