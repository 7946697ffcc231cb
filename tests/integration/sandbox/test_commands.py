"""The commands of `skyclust sandbox`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skyclust.cli.main import main
from skyclust.contract import InventoryProvider
from skyclust.errors import PermissionDenied
from skyclust.model.resource import ResourceKind
from skyclust.registry import capability, provider_class
from skyclust_sandbox.processes import CLOUDS, stop_sandbox
from tests.integration.sandbox.aws import client, refusal

pytestmark = pytest.mark.integration

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command in a home folder of its own; returns exit code, stdout and stderr."""
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


def test_clouds_are_started_listed_and_stopped(run: Run) -> None:
    assert listed(run, "status") == []
    started = listed(run, "up", "--seed", "empty")
    assert [cloud["cloud"] for cloud in started] == list(CLOUDS)
    assert {cloud["seed"] for cloud in started} == {"empty"}
    assert listed(run, "status") == started
    assert listed(run, "up") == started
    assert listed(run, "down", "--cloud", "gcp", "--cloud", "aws") == [
        cloud for cloud in started if cloud["cloud"] in {"aws", "gcp"}
    ]
    assert [cloud["cloud"] for cloud in listed(run, "status")] == ["azure", "openstack", "proxmox"]
    assert len(listed(run, "down")) == 3
    assert listed(run, "status") == []
    assert listed(run, "down") == []


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_printed_credential_is_accepted_and_its_caller_matches_faults(
    run: Run, cloud: str
) -> None:
    [started] = listed(run, "up", "--seed", "empty", "--cloud", cloud)
    code, out, _ = run("credential", "--cloud", cloud)
    assert code == 0
    provider = provider_class(cloud)
    opened = provider(provider.credential_model.model_validate_json(out))

    identity = opened.verify()

    assert not identity.missing_permissions
    run("fault", "add", "deny", "--access-key", started["access_key"])
    with pytest.raises(PermissionDenied):
        list(
            capability(opened, InventoryProvider).list_resources(
                opened.regions()[0], ResourceKind.INSTANCE
            )
        )


def test_faults_are_added_listed_and_cleared(run: Run) -> None:
    aws, _ = listed(run, "up", "--seed", "empty", "--cloud", "aws", "--cloud", "gcp")
    added = listed(run, "fault", "add", "throttle", "--action", "Describe*", "--times", "2")
    assert [fault["cloud"] for fault in added] == ["aws", "gcp"]
    assert added == listed(run, "fault", "list")
    ec2 = client("ec2", aws["endpoint"])
    assert refusal(ec2.describe_instances)[0] == "RequestLimitExceeded"
    [fault] = listed(run, "fault", "list", "--cloud", "aws")
    assert (fault["kind"], fault["action"], fault["left"], fault["struck"]) == (
        "throttle",
        "Describe*",
        1,
        1,
    )
    code, _, error = run("fault", "clear", str(fault["id"]))
    assert code == 2
    assert "--cloud" in error
    assert run("fault", "clear", str(fault["id"]), "--cloud", "aws")[0] == 0
    assert [fault["cloud"] for fault in listed(run, "fault", "list")] == ["gcp"]
    assert run("fault", "clear")[0] == 0
    assert listed(run, "fault", "list") == []
    assert ec2.describe_instances()["Reservations"] == []


def test_invalid_arguments_are_refused(run: Run) -> None:
    code, _, error = run("fault", "list")
    assert code == 4
    assert "skyclust sandbox up" in error
    code, _, error = run("up", "--cloud", "mars")
    assert code == 2
    assert "mars" in error
    code, _, error = run("fault", "list", "--cloud", "mars")
    assert code == 2
    assert "mars" in error
    assert run("up", "--port", "4000")[0] == 2
    assert run("fault", "add", "explode")[0] == 2
