"""The commands, on an installation that runs: through their deployments and in this process."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.installation import CommandLine
from tests.fixtures.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(400)]

REGION = "eu-central-1"
REGIONS = ("--region", REGION)
TYPE = "t3.small"
IMAGE = "debian-12-amd64-20250814-2204"


@pytest.fixture
def account(installed: CommandLine, aws_estate: Sandbox) -> Iterator[str]:
    """A workspace of its own with one credential, `aws`."""
    workspace = f"w-{uuid4().hex[:8]}"
    assert installed("workspace", "add", workspace).returncode == 0
    installed.add_account("aws", aws_estate, workspace=workspace)
    yield workspace
    aws_estate.clear()


def _create(workspace: str, *more: str) -> list[str]:
    place = ["-w", workspace, "--credential", "aws", "--type", TYPE, "--image", IMAGE]
    return ["instance", "create", "web", *place, *more]


def test_a_machines_life_from_its_making_to_its_end(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    where = ("-w", account)
    made = installed.json(*_create(account, "--count", "2", "--tag", "team=shop"))
    at_first = datetime.now(UTC)
    names = {row["name"]: row["id"] for row in made["operations"]}
    installed.json("instance", "stop", "web-1", *where)
    stopped = installed.json("instance", "show", "web-1", *where)
    installed.json("instance", "resize", "web-1", "--type", "t3.large", *where, "--local")
    installed.json("instance", "start", names["web-1"], *where, "--local")
    installed.json("instance", "reboot", "web-1", *where, "--local")
    running = installed.json("instance", "show", "web-1", *where)
    installed.json("instance", "delete", "web-2", "--yes", *where)
    left = installed.json("instance", "list", *where, "--tag", "team=shop")
    then = installed.json("instance", "list", *where, "--as-of", at_first.isoformat())
    changes = installed.json("inventory", "changes", *where)
    operations = installed.json("operation", "list", *where)
    journal = installed.json("operation", "show", operations[-1]["id"], *where)
    trail = installed.json("audit", "verify", *where)

    assert made["state"] == "Completed"
    assert made["url"].endswith(made["run_id"])
    assert set(names) == {"web-1", "web-2"}
    assert stopped["state"] == "stopped"
    assert (running["state"], running["type"]) == ("running", "t3.large")
    assert [one["name"] for one in left] == ["web-1"]
    assert {one["name"]: one["state"] for one in then} == {"web-1": "running", "web-2": "running"}
    assert {(one["name"], one["change"]) for one in changes} >= {
        ("web-1", "added"),
        ("web-1", "changed"),
        ("web-2", "gone"),
    }
    assert sorted(one["kind"] for one in operations) == [
        "create", "create", "delete", "reboot", "resize", "start", "stop",
    ]  # fmt: skip
    assert {one["state"] for one in operations} == {"succeeded"}
    assert journal["entries"][0]["step"] == "journalled"
    assert (trail["problems"], trail["head"].split(":")[1]) == ([], trail["hash"])


def test_a_sync_and_what_can_be_asked_after_it(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    where = ("-w", account)
    synced = installed.json(
        "inventory", "sync", *REGIONS, "--kind", "instance", "--kind", "disk", *where
    )
    everything = installed.json("inventory", "list", *where)
    stopped = installed.json(
        "inventory", "list", "--kind", "instance", "--state", "stopped", *REGIONS, *where
    )
    elsewhere = installed.json("inventory", "list", "--region", "us-east-1", *where)
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    yesterday = installed.json("inventory", "list", "--as-of", before, *where)
    scopes = installed.json("inventory", "scopes", *where)
    of_the_run = installed.json("inventory", "changes", "--run", synced["run_id"], *where)
    table = installed("inventory", "list", "--kind", "disk", *where)

    assert synced["state"] == "Completed"
    assert {row["kind"] for row in synced["scopes"]} == {"instance", "disk"}
    assert {one["kind"] for one in everything} == {"instance", "disk"}
    assert len(everything) == sum(one["resources"] for one in scopes) == len(of_the_run)
    assert {one["region"] for one in everything} == {REGION}
    assert 0 < len(stopped) < len(everything)
    assert {one["state"] for one in stopped} == {"stopped"}
    assert elsewhere == yesterday == []
    assert {one["state"] for one in scopes} == {"fresh"}
    assert table.returncode == 0
    assert "vol-" in table.stdout
    assert "stale" not in table.stderr


def test_a_denied_region_is_told_as_partial_and_as_stale(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    where = ("-w", account)
    both = (*REGIONS, "--region", "us-east-1", "--kind", "instance")
    first = installed("inventory", "sync", *both, *where)
    count = len(installed.json("inventory", "list", *where))
    aws_estate.inject(Fault(kind=FaultKind.DENY, region="us-east-1"))

    second = installed("inventory", "sync", *both, *where)
    listed = installed("inventory", "list", *where, "--json")
    stale = installed.json("inventory", "scopes", "--state", "stale", *where)

    assert first.returncode == 0, first.stderr
    assert second.returncode == 3, second.stderr
    assert "us-east-1" in second.stdout
    assert "Partial" in second.stderr
    assert len(json.loads(listed.stdout)) == count, "nothing that is there is taken for gone"
    assert "1 scopes are stale" in listed.stderr
    assert [(one["region"], one["error_class"]) for one in stale] == [
        ("us-east-1", "PermissionDenied")
    ]


def test_an_expired_key_is_refused(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    aws_estate.inject(Fault(kind=FaultKind.EXPIRE))

    verified = installed("credential", "verify", "aws", "-w", account)
    made = installed(*_create(account, "--local"))

    assert verified.returncode == 5
    assert made.returncode == 5, made.stderr
    assert "web" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["instance", "stop", "nowhere"], 4, "There is no instance 'nowhere'"),
        (["instance", "show", "nowhere"], 4, "There is no instance 'nowhere'"),
        (["operation", "show", "nothing"], 4, "nothing"),
        (["inventory", "list", "-w", "nobody"], 4, "There is no workspace 'nobody'."),
        (["inventory", "sync", "--credential", "nobody"], 4, "nobody"),
        (["audit", "verify", "-w", "nobody"], 4, "nobody"),
        (["workspace", "add", "default"], 2, "There is a workspace 'default' already."),
        (["workspace", "add", "Not-A-Slug"], 2, "Not-A-Slug"),
    ],
)
def test_what_is_not_there_or_not_possible_is_told(
    installed: CommandLine, arguments: list[str], code: int, said: str
) -> None:
    ended = installed(*arguments)

    assert ended.returncode == code, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_spec_that_is_wrong_is_refused_before_anything_runs(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    wrong = {
        ("--disk", "big"): "--disk: 'big' is not GIB",
        ("--disk", "99999999"): "size_gib",
        ("--tag", "team"): "--tag: 'team' is not KEY=VALUE",
        ("--user-data", "/does/not/exist"): "--user-data",
    }
    for arguments, said in wrong.items():
        ended = installed(*_create(account, *arguments))
        assert ended.returncode == 2, ended.stderr
        assert said in ended.stderr
    assert installed.json("operation", "list", "-w", account) == []


def test_two_machines_of_one_name_have_to_be_told_apart(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    create = _create(account, "--local", "--allow-duplicate")
    ids = [installed.json(*create)["operations"][0]["id"] for _ in range(2)]
    by_name = installed("instance", "stop", "web", "-w", account)
    by_id = installed("instance", "show", ids[0], "-w", account, "--json")

    assert by_name.returncode == 2
    assert "2 instances are called 'web'" in by_name.stderr
    assert all(one in by_name.stderr for one in ids)
    assert json.loads(by_id.stdout)["id"] == ids[0]


def test_without_a_default_region_the_region_is_asked_for(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    installed.add_account("nowhere", aws_estate, workspace=account, region="")

    ended = installed(
        "instance", "create", "web", "-w", account, "--credential", "nowhere",
        "--type", TYPE, "--image", "any",
    )  # fmt: skip

    assert ended.returncode == 2
    assert "Name one with --region." in ended.stderr


def test_without_a_server_commands_say_how_to_get_one(empty: CommandLine) -> None:
    empty.home.mkdir()
    for arguments in (
        ["inventory", "sync"],
        ["inventory", "sync", "--local"],
        ["operation", "recover"],
        ["credential", "verify", "aws"],
    ):
        ended = empty(*arguments)
        assert ended.returncode == 7, ended.stderr
        assert "No Prefect server is running." in ended.stderr
        assert "skyclust up --detach" in ended.stderr
    gone = empty("inventory", "sync", PREFECT_API_URL="http://127.0.0.1:1/api")
    lists = empty("inventory", "list", "--json")

    assert gone.returncode == 7
    assert "does not answer" in gone.stderr
    assert lists.returncode == 0, "what is stored can be read without any server"
    assert json.loads(lists.stdout) == []
    assert not (empty.home / "prefect").exists(), "no hidden server was started"


def test_ctrl_c_leaves_the_run_alone_and_says_where_it_is(
    installed: CommandLine, account: str, aws_estate: Sandbox
) -> None:
    with installed.start(*_create(account)) as create:
        run_id = _flow_run_of((create.stderr or io.StringIO()).readline())
        _eventually(lambda: _state(installed, run_id) != "SCHEDULED")
        create.send_signal(signal.SIGINT)
        _, said = create.communicate(timeout=60)

    assert create.returncode == 130
    assert "The run goes on without this command." in said
    assert run_id in said
    assert _eventually(lambda: _state(installed, run_id) == "COMPLETED")
    assert [one["name"] for one in installed.json("instance", "list", "-w", account)] == ["web"]


def test_recover_has_nothing_to_do(installed: CommandLine, account: str) -> None:
    recovered = installed.json("operation", "recover", "-w", account)

    assert recovered["state"] == "Completed"
    assert recovered["message"] == "No operation needs recovery."
    assert recovered["operations"] == []


def test_a_trail_that_was_changed_is_found(installed: CommandLine, account: str) -> None:
    whole = installed("audit", "verify", "-w", account)
    lines = installed.json("audit", "list", "-w", account)
    with sqlite3.connect(installed.home / "skyclust.db") as database:
        database.execute(
            "UPDATE audit_entries SET actor = 'nobody' WHERE workspace_id = ? AND sequence = 1",
            (account,),
        )
    database.close()
    changed = installed("audit", "verify", "-w", account, "--json")

    assert whole.returncode == 0
    assert "is whole" in whole.stderr
    assert {"workspace.add", "credential.add"} <= {line["action"] for line in lines}
    assert changed.returncode == 1
    assert [problem["sequence"] for problem in json.loads(changed.stdout)["problems"]] == [1]
    assert "was tampered with" in changed.stderr


def _flow_run_of(line: str) -> str:
    assert line.startswith("Flow run: "), line
    return line.strip().rsplit("/", 1)[1]


def _state(installed: CommandLine, run_id: str) -> str:
    url = f"{installed.api_url}/flow_runs/{run_id}"
    return str(httpx.get(url, auth=installed.auth, timeout=30).json()["state_type"])


def _eventually(good: Callable[[], bool], seconds: float = 90) -> bool:
    end = time.monotonic() + seconds
    while not good() and time.monotonic() < end:
        time.sleep(0.3)
    return good()
