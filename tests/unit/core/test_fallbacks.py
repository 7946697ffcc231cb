"""Where an instance is tried next, by the class of the error that its creation ended with."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import JsonValue

from skyclust.errors import (
    CapacityExhausted,
    InternalError,
    InvalidRequest,
    QuotaExceeded,
    SkyClustError,
    Unavailable,
    tree_class,
)
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.operations.instance.planning import next_attempts


class NoSpotsLeft(CapacityExhausted):
    """A plugin's own class."""


class NoSpotsOnTuesdays(NoSpotsLeft):
    """Another one, further from the tree."""


class WrongFlavor(InvalidRequest):
    """A plugin's refusal."""


def ended(error: SkyClustError, state: OperationState) -> Operation:
    """Return a creation with one place to fall back on, as the journal keeps its error."""
    spec: JsonValue = {"region": "eu", "name": "web", "type": "small", "image": "debian-12"}
    fields: dict[str, Any] = {
        "id": "8f1c0f4e-0000-4000-8000-000000000001",
        "kind": InstanceAction.CREATE,
        "state": state,
        "error_class": tree_class(error).__name__,
        "request": {"fallbacks": [{"credential": "other", "provider": "acme", "spec": spec}]},
    }
    return Operation.model_construct(**fields)


def tried_next(error: SkyClustError, state: OperationState) -> list[str]:
    """Return the credentials of the places that are tried next."""
    return [planned.credential for planned in next_attempts(ended(error, state))]


@pytest.mark.parametrize("kind", [CapacityExhausted, QuotaExceeded, NoSpotsLeft, NoSpotsOnTuesdays])
@pytest.mark.parametrize("state", [OperationState.FAILED, OperationState.ROLLED_BACK])
def test_a_subclass_falls_back_as_its_class_of_the_tree_does(
    kind: type[SkyClustError], state: OperationState
) -> None:
    assert tried_next(kind("No room."), state) == ["other"]


@pytest.mark.parametrize("kind", [InvalidRequest, WrongFlavor])
def test_a_refusal_falls_back_only_where_nothing_was_made(kind: type[SkyClustError]) -> None:
    assert tried_next(kind("No such flavor."), OperationState.FAILED) == ["other"]
    assert tried_next(kind("No such flavor."), OperationState.ROLLED_BACK) == []


@pytest.mark.parametrize("kind", [Unavailable, InternalError])
def test_any_other_error_ends_here(kind: type[SkyClustError]) -> None:
    assert tried_next(kind("?"), OperationState.FAILED) == []
