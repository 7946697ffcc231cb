"""prefect.yaml: each deployment loads as a worker loads it, and its form explains itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import prefect.states
import pytest
import yaml
from prefect.client.schemas.objects import State, StateType
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.flows import Flow, load_flow_from_entrypoint

from deployments.automations import PENDING_STATES, RUNNING_STATES, automations
from flows.change_instance import change_instance
from flows.provision_instances import provision_instances
from skyclust.errors import InvalidRequest
from skyclust.orchestration.flow_parameters import form_of
from skyclust.orchestration.runs import ENTRYPOINTS

ROOT = Path(__file__).parents[3]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
    "deployments"
]
NAMES = [deployment["name"] for deployment in DEPLOYMENTS]
PYTHON_NAME = re.compile(r"[a-z]+_[a-z_]+|([A-Z][a-z]+){2,}")


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
def test_a_form_is_flat_and_every_field_has_a_title_and_a_description(
    deployment: dict[str, Any],
) -> None:
    schema = form(deployment["name"])
    assert "request" not in schema["properties"]
    for name, field in fields(schema):
        assert field.get("title"), f"{name} has no title"
        assert field.get("description"), f"{name} has no description"
        assert not PYTHON_NAME.fullmatch(field["title"]), f"{name} is called {field['title']}"
        assert not {"$ref", "anyOf", "allOf"} & field.keys(), f"{name} offers types"
        assert field.get("default", ...) is not None, f"{name} has the default null"


def test_what_is_required_is_refused_when_it_is_missing() -> None:
    required = {name: form(name).get("required", []) for name in NAMES}
    assert required == {
        "sync-inventory": [],
        "collect-costs": [],
        "check-budgets": [],
        "report-costs": [],
        "provision-instances": ["credential", "name", "region", "type", "image"],
        "place-instances": ["name", "cores", "memory_gib", "image_family"],
        "change-instance": ["action", "instance"],
        "delete-resource": ["kind", "resource"],
        "recover-operations": [],
        "seal-credentials": [],
    }


def form(name: str) -> dict[str, Any]:
    deployment = next(one for one in DEPLOYMENTS if one["name"] == name)
    return form_of(load(deployment))


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a form, and of the objects in it, with where it is."""
    for name, field in schema.get("properties", {}).items():
        yield f"{path}{name}", field
        yield from fields(field, f"{path}{name}.")
        items = field.get("items", {})
        if "properties" in items:
            yield f"{path}{name}[]", items
            yield from fields(items, f"{path}{name}[].")


def test_forms_carry_choices_and_bounds() -> None:
    assert form("change-instance")["properties"]["action"]["enum"] == [
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
    brake = form("sync-inventory")["properties"]["brake_share"]
    assert (brake["minimum"], brake["maximum"]) == (0.0, 1.0)
    count = form("provision-instances")["properties"]["count"]
    assert (count["minimum"], count["maximum"]) == (1, 100)


@pytest.mark.parametrize(
    ("flow", "parameters", "problem"),
    [
        (provision_instances, {"name": "web"}, "credential: is missing"),
        (provision_instances, {"request": {}}, "request: is not known"),
        (change_instance, {"action": "resize", "instance": "web"}, "resize needs type"),
    ],
)
def test_parameters_that_make_no_request_are_refused_by_the_flow(
    flow: Flow[..., Any], parameters: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidRequest, match=problem):
        flow.fn(**parameters)


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
