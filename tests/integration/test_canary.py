"""A secret put into a credential is found nowhere: the whole product runs, then all is searched.

The embedded installation runs as people run it. Accounts are added by command and by hand in
the Prefect UI; deployments sync, provision and fail; one cloud is so careless as to repeat the
secret in its error. Then every file of the installation, everything the Prefect API tells, every
line that a command printed and every command line of the machine is searched for the secrets.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from skyclust.security import auth_string
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.loopback import LOOPBACK
from tests.fixtures.prefect_api import Server, ServerAuth
from tests.fixtures.sandbox import Sandbox
from tests.integration.credentials.conftest import Blocks

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(600)]

# With characters that JSON, URLs and shells write differently.
SECRETS = {
    "keys": "canary-keys/Zq7+Wm4uTt0xLr9Y=3kd",
    "role": "canary-role/Hp2+Vn8cGf5bQe1J=6sa",
    "by-hand": "canary-hand/Xd3+Rk6yPw9zBm2N=7vt",
}
EXTERNAL_ID = "canary-external-id:5Lw8Kc1Uo"
PASSWORD = "canary-cloud-init/Tg9+Wb3vKs5qMj1C"
USER_DATA = f"#cloud-config\npassword: {PASSWORD}\nchpasswd: {{expire: false}}\n"
PAGE = 200


class Installation:
    """An embedded installation, and every byte that its commands have printed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.printed = ""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "SKYCLUST_"))
        }
        own = {"SKYCLUST_HOME": str(home), "SKYCLUST_ALLOWED_NETWORKS": LOOPBACK}
        self.environment = inherited | own

    def run(self, *arguments: str, stdin: str = "", expect: int | None = 0) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "skyclust.cli.main", *arguments],
            env=self.environment,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.printed += ended.stdout + ended.stderr
        assert expect in {None, ended.returncode}, f"{arguments}: {ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def add(self, name: str, values: Mapping[str, str]) -> None:
        arguments = ("credential", "add", name, "--provider", "aws", "--from-file", "-")
        self.run(*arguments, "--no-verify", stdin=json.dumps(values))

    @property
    def api_url(self) -> str:
        runtime: dict[str, str] = json.loads((self.home / "runtime.json").read_text())
        return runtime["api_url"]

    @property
    def auth(self) -> ServerAuth:
        return ServerAuth(self.api_url, auth_string.read(self.home) or "")


class CommandLines:
    """Watches the arguments and the environment of every process of the machine."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> CommandLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=10)

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    self.seen |= _content(process / "cmdline") | _content(process / "environ")


def _content(path: Path) -> set[bytes]:
    try:
        return {path.read_bytes()}
    except OSError:
        return set()  # the process has ended, or is another user's


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    installation = Installation(home)
    try:
        installation.run("up", "--detach")
        yield installation
    finally:
        installation.run("down")


def _written_forms(secret: str) -> list[bytes]:
    """The secret, and what it looks like in URLs and in the three offsets of base64."""
    forms = [secret.encode(), quote(secret, safe="").encode()]
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode())
        # The first and the last characters depend on what stands beside the secret.
        forms.append(encoded[4:-4])
    return forms


def _found_in(content: bytes) -> list[str]:
    wanted = {**SECRETS, "external id": EXTERNAL_ID, "user data": PASSWORD}
    return [
        name
        for name, secret in wanted.items()
        if any(form in content for form in _written_forms(secret))
    ]


def _read_everything(server: Server) -> dict[str, list[Any]]:
    """All that the Prefect API tells of what happened."""
    told: dict[str, list[Any]] = {}
    auth = server.auth
    for noun in ("flow_runs", "task_runs", "logs", "artifacts", "deployments", "block_documents"):
        told[noun] = []
        while True:
            query: dict[str, Any] = {"limit": PAGE, "offset": len(told[noun])}
            if noun == "block_documents":
                query["include_secrets"] = True
            page = httpx.post(
                f"{server.api_url}/{noun}/filter", auth=auth, json=query, timeout=60
            ).json()
            told[noun] += page
            if len(page) < PAGE:
                break
    answer = httpx.post(
        f"{server.api_url}/events/filter", auth=auth, json={"limit": 50}, timeout=60
    ).json()
    told["events"] = answer["events"]
    while answer["next_page"]:
        answer = httpx.get(answer["next_page"], auth=auth, timeout=60).json()
        told["events"] += answer["events"]
    return told


def test_a_secret_is_found_nowhere(installation: Installation, aws_sandbox: Sandbox) -> None:
    endpoint = {"endpoint": aws_sandbox.endpoint, "region": "eu-central-1"}
    keys = {"access_key_id": "sandbox", **endpoint}
    role = f"arn:aws:iam::{aws_sandbox.account}:role/{aws_sandbox.role_name}"
    with CommandLines() as processes:
        installation.add("keys", {**keys, "secret_access_key": SECRETS["keys"]})
        # The role wants another external id: this credential is refused by the cloud.
        installation.add(
            "role",
            {
                **keys,
                "secret_access_key": SECRETS["role"],
                "role_arn": role,
                "external_id": EXTERNAL_ID,
            },
        )
        blocks = Blocks(installation.api_url, installation.auth)
        blocks.make("by-hand", {**keys, "secret_access_key": SECRETS["by-hand"]})
        _wait_until_sealed(blocks, "by-hand")
        installation.run("credential", "verify", "by-hand")
        installation.run("credential", "verify", "role", expect=5)
        aws_sandbox.inject(
            Fault(
                kind=FaultKind.ERROR,
                action="DescribeAddresses",
                code=SECRETS["keys"],
                status=400,
            )
        )
        installation.run("inventory", "sync", expect=3)
        installation.run("inventory", "sync", "--credential", "keys", "--local", expect=3)
        image = ("--image", "debian-12-amd64-20250814-2204", "--type", "t3.small")
        user_data = installation.home.parent / "cloud-init.yaml"
        user_data.write_text(USER_DATA)
        given = (*image, "--user-data", str(user_data))
        installation.run("instance", "create", "web", "--credential", "keys", *given)
        aws_sandbox.inject(
            Fault(kind=FaultKind.ERROR, action="RunInstances", code=SECRETS["keys"], status=400)
        )
        installation.run("instance", "create", "bad", "--credential", "keys", *given, expect=1)
        listed = json.loads(installation.run("operation", "list", "--json"))
        journal = [installation.run("operation", "show", one["id"], "--json") for one in listed]
        for shown in ("inventory scopes", "operation list", "audit list", "credential list"):
            installation.run(*shown.split(), "--json")
        told = _read_everything(installation)

    # What is searched is there, or the search would prove nothing.
    assert all(told.values()), {noun: len(found) for noun, found in told.items()}
    assert len(told["block_documents"]) == 3
    for noun in ("flow_runs", "events", "artifacts", "logs"):
        assert "keys" in json.dumps(told[noun]), noun
    assert any(b"skyclust.cli.main\0instance\0create" in one for one in processes.seen)
    assert "web" in installation.printed
    assert {one["data"]["secret_access_key"][:10] for one in told["block_documents"]} == {
        "sealed:v2:"
    }
    assert _found_in(json.dumps([SECRETS["keys"], EXTERNAL_ID]).encode()) == ["keys", "external id"]
    assert _found_in(base64.b64encode(USER_DATA.encode())) == ["user data"]
    assert len(journal) == 2
    assert all('"user_data": "sha256:' in one for one in journal)
    assert "sealed:v2:" in json.dumps(told["flow_runs"])

    for noun, found in told.items():
        for one in found:
            assert _found_in(json.dumps(one).encode()) == [], f"{noun}: {one}"
    assert _found_in(installation.printed.encode()) == []
    assert [one for one in processes.seen if _found_in(one)] == []
    _search_files(installation.home)
    installation.run("down")
    _search_files(installation.home)


def _wait_until_sealed(blocks: Blocks, name: str) -> None:
    """A block that nobody uses yet is sealed all the same: saving it tells an automation."""
    end = time.monotonic() + 90
    while not blocks.named(name)["data"]["secret_access_key"].startswith("sealed:v2:"):
        assert time.monotonic() < end, f"Block {name!r} was not sealed."
        time.sleep(1)


def _search_files(home: Path) -> None:
    key = (home / "encryption.key").read_bytes().strip()
    names = {path.name for path in home.rglob("*") if path.is_file()}
    assert {"skyclust.db", "prefect.db", "encryption.key"} <= names
    for path in home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert _found_in(content) == [], path
        assert path.name == "encryption.key" or key not in content, path
