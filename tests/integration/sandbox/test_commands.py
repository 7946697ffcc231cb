"""`skyclust sandbox` as one types it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skyclust.cli.main import main
from skyclust.sandbox.processes import stop_sandbox
from tests.integration.sandbox.aws import client, refusal

pytestmark = pytest.mark.integration

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command in a home of its own; returns exit code, stdout and stderr."""
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))

    def run_command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["sandbox", *words])
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, written.err

    yield run_command
    stop_sandbox(tmp_path)


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    code, out, _ = run(*words, "--json")
    assert code == 0
    rows: list[dict[str, Any]] = json.loads(out)
    return rows


def test_up_status_and_down(run: Run) -> None:
    assert listed(run, "status") == []
    [started] = listed(run, "up", "--seed", "empty")
    assert started["seed"] == "empty"
    assert listed(run, "status") == [started]
    assert listed(run, "up") == [started]
    assert listed(run, "down") == [started]
    assert listed(run, "status") == []
    assert listed(run, "down") == []


def test_the_printed_credential_is_accepted(run: Run) -> None:
    run("up", "--seed", "empty")
    code, out, _ = run("credential")
    assert code == 0
    fields = json.loads(out)
    caller = client("sts", fields["endpoint"], key=fields["access_key_id"]).get_caller_identity()
    assert caller["Account"] == "111122223333"


def test_faults_are_added_listed_and_cleared(run: Run) -> None:
    [started] = listed(run, "up", "--seed", "empty")
    added = listed(run, "fault", "add", "throttle", "--action", "Describe*", "--times", "2")
    assert added == listed(run, "fault", "list")
    ec2 = client("ec2", started["endpoint"])
    assert refusal(ec2.describe_instances)[0] == "RequestLimitExceeded"
    [fault] = listed(run, "fault", "list")
    assert (fault["kind"], fault["action"], fault["left"], fault["struck"]) == (
        "throttle",
        "Describe*",
        1,
        1,
    )
    assert run("fault", "clear", str(fault["id"]))[0] == 0
    assert listed(run, "fault", "list") == []
    assert ec2.describe_instances()["Reservations"] == []


def test_what_cannot_be_is_told(run: Run) -> None:
    code, _, error = run("fault", "list")
    assert code == 4
    assert "skyclust sandbox up" in error
    code, _, error = run("up", "--cloud", "mars")
    assert code == 2
    assert "mars" in error
    assert run("fault", "add", "explode")[0] == 2
