"""The reference says what the code does."""

from __future__ import annotations

import inspect
import re

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.embedded.environment import CLIENT_DEFAULTS, SERVER_DEFAULTS
from skyclust.event_labels import LONGEST_TEXT
from skyclust.inventory.events import MOST_RESOURCE_EVENTS
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.model.resource import ResourceState
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.position import Position
from skyclust.operations.resource.positions import ResourcePosition
from skyclust.operations.subjects import subjects
from skyclust.store.all_tables import metadata
from tests.docs import matrix, pages, reference
from tests.docs.lacking import GIVE_BACK, LACKING, POWER_OFF, STOPS
from tests.fixtures.lock_order import ORDER
from tests.house.tree import PACKAGES, python_files, relative


@pytest.mark.parametrize("name", reference.PAGES)
def test_written_part_is_current(name: str) -> None:
    text = (reference.REFERENCE / name).read_text()
    current = reference.with_written_part(text, reference.PAGES[name]())
    assert text == current, "run `make docs`"


def test_no_page_shows_how_python_prints_a_value() -> None:
    internal = re.compile(
        r"Pydantic\w*|<class|<function|<\w+\.\w+|object at 0x|lambda|default_factory|SecretStr"
        r"|\b(?:frozenset|PosixPath|Decimal|datetime)\(|`(?:None|True|False|\(\)|\[\]|\{\}|'[^`]*'|)`(?!`)"
    )
    found = [
        f"{path.name}:{number}: {line}"
        for path in sorted(reference.REFERENCE.glob("*.md"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if not line.startswith("```") and internal.search(line)
    ]
    assert not found


def test_no_page_names_a_module_that_nobody_imports() -> None:
    """Authors of plugins import the contract, the kit, the records, the errors and the suite."""
    public = ("conformance", "contract", "errors", "model", "providerkit")
    modules = {
        relative(path).removesuffix(".py").replace("/", ".")
        for path in python_files(*PACKAGES)
        if path.name != "__init__.py"
    }
    private = {one for one in modules if not one.startswith(tuple(f"skyclust.{p}" for p in public))}
    for path in sorted(reference.REFERENCE.glob("*.md")):
        for name in re.findall(r"(?<!-m )\b[a-z_]+(?:\.\w+)+", path.read_text()):
            prefixes = {name, name.rpartition(".")[0]}
            assert not prefixes & private, f"{path.name} names {name}"


def test_every_setting_has_its_default() -> None:
    text = (reference.REFERENCE / "settings.md").read_text()
    assert "| `SKYCLUST_HOME` | `~/.skyclust` |" in text
    assert "| `SKYCLUST_SILENCE_SECONDS` | `60` |" in text
    assert "| `SKYCLUST_ALLOW_WORKER_IDENTITY` | `false` |" in text
    assert "| `SKYCLUST_DATABASE_URL` | empty |" in text


def test_every_gap_of_a_conformance_class_is_in_the_matrix() -> None:
    text = pages.section(reference.REFERENCE / "providers.md", "Known gaps")
    for name in matrix.classes():
        joined = list(matrix.suites(name))
        assert joined, f"no conformance class of {name}"
        for reason in {reason for suite in joined for reason in suite.gaps.values()}:
            assert f"| {reason} |" in text


def test_nothing_is_listed_as_lacking_that_exists() -> None:
    assert len(list(matrix.lacking(matrix.classes()))) == len(LACKING)


def test_the_table_of_stops_matches_the_providers() -> None:
    for name, one in matrix.classes().items():
        code = inspect.getsource(one.stop_instance)  # type: ignore[attr-defined]  # all have it
        refused, ignored = "raise Unsupported" in code, "del power_off_only" in code
        stops = (POWER_OFF,) if ignored else (GIVE_BACK,) if refused else (GIVE_BACK, POWER_OFF)
        assert STOPS[name] == stops, name


def test_every_exit_code_has_a_row() -> None:
    text = pages.section(reference.REFERENCE / "cli.md", "Exit codes")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)} == set(ExitCode)


def test_every_event_has_a_row() -> None:
    text = (reference.REFERENCE / "events.md").read_text()
    named = set(re.findall(r"^\| `(skyclust\.[a-z.-]+)` \|", text, re.MULTILINE))
    emitted = {
        f"skyclust.{subject.kind}.{kind.event}"
        for subject in subjects().values()
        for kind in subject.operations.values()
    }
    emitted |= {f"skyclust.resource.{word}" for word in ("added", "changed", "gone")}
    emitted |= {f"skyclust.operation.{state}" for state in OperationState if state.final}
    emitted |= {f"skyclust.operation.{OperationState.NEEDS_ATTENTION}"}
    emitted |= {f"skyclust.inventory.{word}" for word in ("changed", "synced")}
    emitted |= {f"skyclust.cost.{word}" for word in ("delivered", "retracted")}
    emitted |= {"skyclust.budget.threshold-reached"}
    assert named == emitted | {"skyclust.operation.requested"}
    assert set(subjects()["instance"].operations) == set(InstanceAction)
    assert f"at most {MOST_RESOURCE_EVENTS} a scope" in text
    assert f"at most {LONGEST_TEXT:,} characters" in text


def test_every_table_that_is_locked_is_in_the_order_of_locks() -> None:
    text = pages.section(reference.REFERENCE / "store.md", "The order of locks")
    listed = re.findall(r"^\| (\d) \| (?:`(\w+)`|the scope)", text, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, len(listed) + 1))
    assert set(ORDER) == set(metadata.tables)
    for number, name in listed:
        assert ORDER[name or "scopes"] == int(number)
    assert {ORDER[name or "scopes"] for _, name in listed} | {0} == set(ORDER.values())


def test_every_tuned_setting_of_prefect_has_a_row() -> None:
    text = (reference.REFERENCE / "settings.md").read_text()
    named = set(re.findall(r"^\| `(PREFECT_[A-Z_]+)` \|", text, re.MULTILINE))
    assert {name for name in {**SERVER_DEFAULTS, **CLIENT_DEFAULTS} if "PREFECT" in name} <= named


def test_every_state_and_step_has_a_row() -> None:
    resources = (reference.REFERENCE / "resources.md").read_text()
    for state in (*InstanceState, *ResourceState):
        assert f"`{state}`" in resources, state
    steps = (reference.REFERENCE / "operations.md").read_text()
    for position in (*Position, *InstancePosition, *ResourcePosition):
        assert f"| `{position}` |" in steps, position
