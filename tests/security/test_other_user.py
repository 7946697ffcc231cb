"""Another user of the computer: cannot read what the owner can, and cannot act for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyclust.security import auth_string
from tests.fixtures.installation import CommandLine

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(600),
    pytest.mark.xfail(
        reason="Only root becomes another user.", condition=os.geteuid() != 0, raises=OSError
    ),
]

NOBODY = 65534

ATTACK = """
import http.client, json, os, sys, urllib.error, urllib.request
given = json.load(sys.stdin)
"127.0.0.1".encode("idna")  # what is loaded later would have to be readable
os.setgroups([])
os.setgid(given["user"])
os.setuid(given["user"])

def attempt(action):
    try:
        return repr(action())
    except Exception as error:
        return type(error).__name__ + str(getattr(error, "code", ""))

def send(path, content=None):
    request = urllib.request.Request(
        given["api_url"] + path,
        data=None if content is None else json.dumps(content).encode(),
        headers={"Content-Type": "application/json"},
    )
    return urllib.request.urlopen(request, timeout=20).read()

told = {"read " + path: attempt(lambda: open(path, "rb").read()) for path in given["files"]}
told["list"] = attempt(lambda: os.listdir(given["home"]))
told["read API"] = attempt(lambda: send("/deployments/name/" + given["deployment"]))
run = "/deployments/" + given["id"] + "/create_flow_run"
told["run"] = attempt(lambda: send(run, given["run"]))
told["pool"] = attempt(lambda: send("/work_pools/skyclust"))
told["signal"] = attempt(lambda: os.kill(given["pid"], 0))
json.dump(told, sys.stdout)
"""

DEPLOYMENT = "recover-operations/recover-operations"


def test_reads_no_secret_and_runs_nothing(installed: CommandLine, tmp_path: Path) -> None:
    pids = [installed.pid(part) for part in ("server", "worker", "recovery")]
    with httpx.Client(base_url=installed.api_url, auth=installed.auth, timeout=30) as owner:
        deployment = owner.get(f"/deployments/name/{DEPLOYMENT}").raise_for_status().json()
        marker = tmp_path / "ran"
        given: dict[str, Any] = {
            "user": NOBODY,
            "api_url": installed.api_url,
            "home": str(installed.home),
            "pid": pids[0],
            "files": [
                str(auth_string.path_in(installed.home)),
                str(installed.home / "prefect" / "prefect.db"),
                str(installed.home / "logs" / "server.log"),
                *(f"/proc/{pid}/environ" for pid in pids),
            ],
            "deployment": DEPLOYMENT,
            "id": deployment["id"],
            "run": {"name": "of-nobody", "job_variables": {"command": f"touch {marker}"}},
        }
        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in pids]
        told = _as_another_user(given)
        named = {"flow_runs": {"name": {"any_": ["of-nobody"]}}}
        runs = owner.post("/flow_runs/filter", json=named).raise_for_status().json()

    # What is looked for is there, or the attack would prove nothing.
    assert all(b"PREFECT_API_AUTH_STRING=skyclust:" in one for one in environments)
    assert {one for name, one in told.items() if name.startswith("read /")} == {"PermissionError"}
    assert told["list"] == "PermissionError"
    assert told["read API"] == told["pool"] == "HTTPError401"
    assert told["run"] == "HTTPError403"
    assert told["signal"] == "PermissionError"
    assert runs == []
    assert not marker.exists()


def _as_another_user(given: dict[str, Any]) -> dict[str, str]:
    """Run the attack in a process that gives up being root once Python is loaded.

    Raises OSError for whoever may not become another user.
    """
    done = subprocess.run(
        [sys.executable, "-c", ATTACK],
        input=json.dumps(given),
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "PermissionError: [Errno 1]" in done.stderr:
        raise PermissionError(done.stderr)
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told
