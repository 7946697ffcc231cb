"""prefect.yaml: each deployment loads as a worker loads it, and its form explains itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

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
    assert action["definitions"]["InstanceAction"]["enum"] == [
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
