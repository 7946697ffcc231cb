"""No key that Prefect resolves comes into a request or a parameter, wherever it stands."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.schema_tools.hydration import HydrationContext, hydrate

from skyclust.cli.requests import checked
from skyclust.errors import InvalidRequest
from skyclust.model.change_request import ChangeRequest
from skyclust.model.creation_forms import InstanceForm, NeedsForm
from skyclust.model.flow_request import FlowRequest, reserved_key
from skyclust.orchestration.parameter_checks import check_parameters
from skyclust.orchestration.runs import ENTRYPOINTS

RESERVED = ["$ref", "__prefect_kind"]
ROUNDS = 300


def some_value(chance: random.Random, depth: int) -> Any:
    """Any JSON value; keys and texts look like what people write."""
    if depth == 0 or chance.random() < 0.3:
        return chance.choice(["web", "$ref", "__prefect_kind", 7, 1.5, True, None, "ref", ""])
    if chance.random() < 0.5:
        return [some_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    names = ["team", "$reference", "ref", "_prefect_kind", "$", "a.b", "kind", "PREFECT"]
    return {
        name: some_value(chance, depth - 1)
        for name in chance.sample(names, chance.randrange(len(names)))
    }


def objects(value: Any) -> list[dict[str, Any]]:
    """Every object in a value, at whatever depth."""
    if isinstance(value, dict):
        return [value, *(one for item in value.values() for one in objects(item))]
    if isinstance(value, list):
        return [one for item in value for one in objects(item)]
    return []


@pytest.mark.parametrize("key", RESERVED)
def test_a_key_planted_anywhere_is_found_and_nothing_else_is(key: str) -> None:
    chance = random.Random(20260102)
    planted = 0
    for _ in range(ROUNDS):
        value = {"request": some_value(chance, 5)}
        assert reserved_key(value) is None, value
        place = chance.choice(objects(value))
        place[key] = chance.choice(["json", None, {"block_document_id": "1"}, 3])
        found = reserved_key(value)
        assert found is not None
        assert found.split(".")[-1] == key
        planted += place is not value
    assert planted > ROUNDS / 3, "the inner positions were hardly tried"


def test_what_is_not_found_is_what_prefect_leaves_as_it_is() -> None:
    """Prefect's own hydration changes nothing of what has no reserved key."""
    chance = random.Random(20260103)
    context = HydrationContext(render_jinja=True, render_workspace_variables=True)
    for _ in range(ROUNDS):
        value = {"request": some_value(chance, 5)}
        assert hydrate(json.loads(json.dumps(value)), context) == value


def test_prefect_does_resolve_them() -> None:
    """Should it stop to, this module has become needless."""
    planted = {"request": {"tags": {"__prefect_kind": "json", "value": '"other"'}}}
    assert hydrate(planted) == {"request": {"tags": "other"}}


SPEC = {"name": "web", "region": "r", "type": "t", "image": "i"}
POSITIONS: list[tuple[type[FlowRequest], dict[str, Any], Callable[[Any], Any], str]] = [
    (
        InstanceForm,
        {"credential": "aws", **SPEC, "tags": {}},
        lambda request: request["tags"],
        "tags",
    ),
    (
        NeedsForm,
        {"name": "web", "cores": 1, "memory_gib": 1, "image_family": "i", "tags": {},
         "places": [{"credential": "aws"}]},
        lambda request: request["tags"],
        "tags",
    ),
    (
        ChangeRequest,
        {"action": "set-tags", "instance": "web", "tags": {}},
        lambda request: request["tags"],
        "tags",
    ),
]  # fmt: skip


@pytest.mark.parametrize("key", RESERVED)
@pytest.mark.parametrize(("model", "fields", "tags", "place"), POSITIONS)
def test_a_request_with_such_a_tag_is_refused_by_its_name(
    model: type[FlowRequest],
    fields: dict[str, Any],
    tags: Callable[[Any], Any],
    place: str,
    key: str,
) -> None:
    request = json.loads(json.dumps(fields))
    tags(request)["team"] = "web"
    assert checked(model, **request)
    tags(request)[key] = "web"
    with pytest.raises(InvalidRequest, match=rf"{place}\.{key}".replace("$", r"\$")):
        checked(model, **request)


def test_every_free_form_object_of_a_request_is_among_the_positions() -> None:
    known = {(model, place.split(".")[-1]) for model, _, _, place in POSITIONS}
    found = {
        (model, name)
        for model in (InstanceForm, NeedsForm, ChangeRequest)
        for name in free_form(model.model_json_schema())
    }
    assert found == known


def free_form(schema: Any) -> set[str]:
    """The names of the properties that take any key."""
    names: set[str] = set()
    for one in objects(schema):
        for name, about in one.get("properties", {}).items():
            if isinstance(about, dict) and isinstance(about.get("additionalProperties"), dict):
                names.add(name)
    return names


@pytest.mark.parametrize("entrypoint", ENTRYPOINTS.values())
def test_every_flow_takes_requests_that_look_for_them(entrypoint: str) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    hidden = {"workspace": {"$ref": "1"}}
    with pytest.raises(InvalidRequest, match="workspace"):
        flow.fn(**hidden)


@pytest.mark.parametrize("key", RESERVED)
@pytest.mark.parametrize(
    "parameters",
    [
        lambda key: {key: "1"},
        lambda key: {"tags": {key: "1"}},
        lambda key: {"tags": {"team": {key: "1"}}},
        lambda key: {"places": [{"credential": {"deep": {key: 1}}}]},
    ],
)
def test_parameters_with_such_a_key_are_refused_before_the_form_is_asked(
    parameters: Callable[[str], dict[str, Any]], key: str
) -> None:
    with pytest.raises(InvalidRequest, match=key.replace("$", r"\$")):
        check_parameters(
            "flow/flow", {"properties": {"tags": {}, "places": {}, key: {}}}, parameters(key)
        )
