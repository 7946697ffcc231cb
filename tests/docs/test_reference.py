"""The reference says what the code does."""

from __future__ import annotations

import re

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.embedded.environment import CLIENT_DEFAULTS, SERVER_DEFAULTS
from skyclust.model.instance import InstanceState
from skyclust.model.operation import OperationKind
from skyclust.model.resource import ResourceState
from skyclust.orchestration import events
from skyclust.steps import Position
from tests.docs import pages, reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_written_part_is_current(name: str) -> None:
    text = (reference.REFERENCE / name).read_text()
    current = reference.with_written_part(text, reference.PAGES[name]())
    assert text == current, "run `make docs`"


def test_every_exit_code_has_a_row() -> None:
    text = pages.section(reference.REFERENCE / "cli.md", "Exit codes")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(ExitCode)


def test_every_event_has_a_row() -> None:
    text = (reference.REFERENCE / "events.md").read_text()
    named = set(re.findall(r"^\| `(skyclust\.[a-z.]+)` \|", text, re.MULTILINE))
    told = {f"skyclust.instance.{word}" for word in events._DONE.values()}
    told |= {f"skyclust.resource.{word}" for word in ("added", "changed", "gone")}
    assert named == told | {"skyclust.inventory.synced"}
    assert set(events._DONE) == set(OperationKind)
    assert f"{events.MOST_RESOURCE_EVENTS}" in text


def test_every_tuned_setting_of_prefect_has_a_row() -> None:
    text = (reference.REFERENCE / "settings.md").read_text()
    named = set(re.findall(r"^\| `(PREFECT_[A-Z_]+)` \|", text, re.MULTILINE))
    assert {name for name in {**SERVER_DEFAULTS, **CLIENT_DEFAULTS} if "PREFECT" in name} <= named


def test_every_state_and_step_has_a_row() -> None:
    resources = (reference.REFERENCE / "resources.md").read_text()
    for state in (*InstanceState, *ResourceState):
        assert f"`{state}`" in resources, state
    steps = (reference.REFERENCE / "operations.md").read_text()
    for position in Position:
        assert f"| `{position}` |" in steps, position
