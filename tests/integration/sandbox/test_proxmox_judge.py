"""fakepve, an independent imitation of Proxmox VE, gives the same replies.

It runs in its own process. What it does not imitate is not compared: it keeps no task
running, grows no disks, and gives numbers back as text after a change.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from skyclust_sandbox.proxmox.access import PASSWORD
from tests.fixtures.proxmox import ProxmoxSandbox

pytestmark = pytest.mark.integration

MACHINE: Final = {"cores": 2, "net0": "virtio,bridge=vmbr0", "scsi0": "local-lvm:32"}
GUESTS: Final = [
    {
        "vmid": 101,
        "name": "web",
        "status": "running",
        "config": {
            "cores": 2,
            "memory": 2048,
            "scsi0": "local-lvm:vm-101-disk-0,size=32G",
            "net0": "virtio=BC:24:11:00:00:65,bridge=vmbr0",
        },
    },
    {"vmid": 102, "name": "api", "status": "stopped", "config": {}},
]

READS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("cluster/resources", {"type": "vm"}),
    ("cluster/resources", {"type": "storage"}),
    ("cluster/status", {}),
    ("cluster/nextid", {}),
    ("nodes", {}),
    ("nodes/pve1/qemu", {}),
    ("nodes/pve1/qemu/101/config", {}),
    ("nodes/pve1/qemu/101/status/current", {}),
    ("nodes/pve1/qemu/101/rrddata", {"timeframe": "month", "cf": "MAX"}),
    ("nodes/pve1/qemu/101/snapshot", {}),
    ("nodes/pve1/storage", {}),
    ("nodes/pve1/storage/local-lvm/content", {}),
    ("nodes/pve1/network", {"type": "bridge"}),
    ("nodes/pve1/tasks", {"source": "all"}),
    ("access/permissions", {}),
)
REFUSALS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("GET", "nodes/pve1/qemu/999/config", {}),
    ("GET", "nodes/pve1/lxc/999/config", {}),
    ("GET", "cluster/nextid", {"vmid": 101}),
    ("POST", "nodes/pve1/qemu/101/clone", {"newid": 102}),
    ("POST", "nodes/pve1/qemu/101/clone", {}),
    ("DELETE", "nodes/pve1/qemu/101", {}),
    ("PUT", "nodes/pve1/qemu/101/config", {"nosuch": 1}),
    ("PUT", "nodes/pve1/qemu/102/config", {"name": "a_b"}),
    ("POST", "nodes/pve1/qemu/102/status/shutdown", {}),
    ("POST", "nodes/pve1/qemu/102/status/reboot", {}),
    ("POST", "nodes/pve1/qemu/101/snapshot", {"snapname": "current"}),
)


class Cluster:
    """A session of the administrator with one of the two clusters."""

    def __init__(self, endpoint: str, password: str) -> None:
        self.endpoint = endpoint
        self.session = requests.Session()
        self.session.trust_env = False  # a CA bundle of the environment would take precedence
        self.session.verify = False
        user = {"username": "root@pam", "password": password}
        ticket = self.call("POST", "access/ticket", user).json()["data"]
        self.session.cookies.set("PVEAuthCookie", ticket["ticket"])
        self.session.headers["CSRFPreventionToken"] = ticket["CSRFPreventionToken"]

    def call(self, method: str, path: str, given: dict[str, Any]) -> requests.Response:
        is_query = method in {"GET", "DELETE"}
        url = f"{self.endpoint}/api2/json/{path}"
        query, form = (given, None) if is_query else (None, given)
        return self.session.request(method, url, params=query, data=form, timeout=10)


@pytest.fixture(scope="module")
def judge_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of fakepve, with two guests."""
    guests: Path = tmp_path_factory.mktemp("fakepve") / "guests.json"
    guests.write_text(json.dumps({"guests": GUESTS}))
    command = [sys.executable, "-m", "fakepve", str(guests), "--host", "127.0.0.1", "--port", "0"]
    # `timeout` ends it also when this process is killed.
    process = subprocess.Popen(
        ["timeout", "120", *command, "--time-scale", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def judge(judge_process: str) -> Cluster:
    """fakepve, with two guests."""
    return Cluster(judge_process, "secret")


@pytest.fixture
def ours(proxmox_sandbox: ProxmoxSandbox) -> Cluster:
    """The sandbox, with the same guests."""
    cluster = Cluster(proxmox_sandbox.endpoint, PASSWORD)
    for vmid, name, config in ((101, "web", {**MACHINE, "memory": 2048}), (102, "api", {})):
        created = cluster.call("POST", "nodes/pve1/qemu", {"vmid": vmid, "name": name, **config})
        assert created.ok, created.text
    time.sleep(3 * proxmox_sandbox.transition_seconds)
    assert cluster.call("POST", "nodes/pve1/qemu/101/status/start", {}).ok
    time.sleep(3 * proxmox_sandbox.transition_seconds)
    return cluster


def shape(value: object) -> object:
    """Return the types in a value; of a list those of its first item."""
    if isinstance(value, dict):
        return {key: shape(content) for key, content in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def differences(ours: object, theirs: object, where: str) -> Iterator[str]:
    """Yield the paths at which the types of two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() & theirs.keys():
            yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        if ours and theirs:
            yield from differences(ours[0], theirs[0], f"{where}[]")
    elif ours != theirs:
        yield f"{where}: {ours} here, {theirs} there"


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_replies_to_reads_have_the_same_types(ours: Cluster, judge: Cluster) -> None:
    found: list[str] = []
    for path, given in READS:
        here, there = ours.call("GET", path, given), judge.call("GET", path, given)
        assert here.ok, (path, here.text)
        assert there.ok, (path, there.text)
        found += differences(shape(here.json()), shape(there.json()), path)
    assert found == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_same_calls_are_refused(ours: Cluster, judge: Cluster) -> None:
    differences = []
    for method, path, given in REFUSALS:
        here, there = ours.call(method, path, given), judge.call(method, path, given)
        mine = (here.status_code, here.reason, sorted(here.json().get("errors") or ()))
        theirs = (there.status_code, there.reason, sorted(there.json().get("errors") or ()))
        if mine != theirs:
            differences.append((method, path, mine, theirs))
    assert differences == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_authentication_errors_are_the_same(ours: Cluster, judge: Cluster) -> None:
    for cluster in (ours, judge):
        wrong = {"username": "root@pam", "password": "no"}
        refused = cluster.call("POST", "access/ticket", wrong)
        assert (refused.status_code, refused.reason) == (401, "authentication failure")
        cluster.session.cookies.clear()
        nobody = cluster.call("GET", "nodes", {})
        assert nobody.status_code == 401
