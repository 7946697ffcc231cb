"""What follows for a run whose process died depends on its flow: works it through the journal?"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest
import typer

from deployments.prefect_yaml import prefect_file, read_declared
from skyclust.cli.exits import ExitCode
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OF_FLOWS, works_through_journal
from skyclust.orchestration.runs import RunOutcome

FLOWS = [one.name for one in read_declared(prefect_file())]

JOURNAL = {"tasks.operations", "flows.provision_instances"}
"""What a flow that works through the journal imports; the placement is done by that flow."""


def journals(flow: str) -> bool:
    """Return whether the code of a flow begins operations or carries them on."""
    source = Path(str(import_module(f"flows.{flow.replace('-', '_')}").__file__)).read_text()
    imported = {
        node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    }
    return bool(imported & JOURNAL)


def end(flow: str, capsys: pytest.CaptureFixture[str], *, began: bool) -> str:
    """Return what is printed of a crashed run of a flow."""
    outcome = RunOutcome("1", "run", "CRASHED", "Crashed", "It ended.", "url", began=began)
    with pytest.raises(typer.Exit) as ended:
        finish(outcome, as_json=False, tables=OF_FLOWS.get(flow, {}))
    assert ended.value.exit_code == ExitCode.FAILED
    return capsys.readouterr().err


@pytest.mark.parametrize("flow", FLOWS)
def test_only_what_the_journal_has_is_carried_on(
    flow: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert works_through_journal(flow) is journals(flow)
    said = end(flow, capsys, began=True)
    assert ("The recovery carries on" in said) is journals(flow)
    assert ("run it again at any time" in said) is not journals(flow)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_run_that_never_began_has_nothing_to_carry_on(
    flow: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = end(flow, capsys, began=False)
    assert "The recovery" not in said
    assert "again" not in said
