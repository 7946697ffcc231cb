"""A workspace, credential or provider that there is not ends a command before its run, with 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyclust.cli.exits import ExitCode
from tests.flows.commands import Commands

COMMANDS = [
    ("cost", "collect"),
    ("cost", "collect", "--local"),
    ("cost", "collect", "--provider", "aws"),
    ("cost", "import", "bill.csv"),
    ("cost", "deliveries"),
    ("cost", "accounts"),
    ("cost", "reconcile"),
    ("cost", "summary"),
    ("cost", "breakdown", "--by", "service"),
    ("cost", "trend"),
    ("cost", "compare"),
    ("cost", "forecast"),
    ("cost", "anomalies"),
    ("cost", "report"),
    ("cost", "export", "out.csv"),
    ("cost", "showback", "--by", "service"),
    ("cost", "allocation", "--tag", "team"),
    ("cost", "budget", "list"),
    ("cost", "budget", "check"),
    ("cost", "budget", "alerts"),
    ("cost", "budget", "set", "web", "--amount", "1", "--currency", "EUR"),
    ("cost", "price-book", "list"),
    ("cost", "rates", "list"),
    ("cost", "settings", "show"),
    ("cost", "settings", "set", "--currency", "EUR"),
    ("cost", "resources"),
    ("cost", "advise"),
    ("inventory", "sync"),
    ("operation", "recover"),
]


@pytest.fixture
def commands(
    migrated_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Commands:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bill.csv").write_text("BilledCost\n1\n")
    return Commands(capsys)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unknown_workspace_is_not_found(commands: Commands, command: tuple[str, ...]) -> None:
    commands.run(*command, "-w", "nope", code=ExitCode.NOT_FOUND)
    assert "workspace" in commands.said
    assert "nope" in commands.said


def test_an_unknown_provider_is_not_found(commands: Commands) -> None:
    commands.run("cost", "collect", "--provider", "nope", code=ExitCode.NOT_FOUND)
    assert "There is no provider 'nope'." in commands.said
    assert "There are: aws, azure, gcp, openstack, proxmox." in commands.said


@pytest.mark.parametrize("command", [("cost", "collect"), ("inventory", "sync")], ids=" ".join)
def test_an_unknown_workspace_is_named_before_a_credential(
    commands: Commands, command: tuple[str, ...]
) -> None:
    commands.run(*command, "-w", "nope", "--credential", "x", code=ExitCode.NOT_FOUND)
    assert "workspace 'nope'" in commands.said
