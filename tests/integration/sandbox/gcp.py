"""What the tests of the sandbox GCP share: a client that holds every reply to its schema."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from skyclust_sandbox.gcp.discovery import api, violations
from tests.fixtures.gcp import GcpSandbox

ZONE = "europe-west1-b"
REGION = "europe-west1"
DEBIAN = "projects/debian-cloud/global/images/family/debian-12"
DEBIAN_ARM = "projects/debian-cloud/global/images/family/debian-12-arm64"


@dataclass(frozen=True)
class Answer:
    """The status, headers and content of a reply."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def reason(self) -> str:
        """Why it was refused."""
        return str(self.content["error"]["errors"][0]["reason"])

    @property
    def message(self) -> str:
        """What Google says about it."""
        return str(self.content["error"]["message"])


@dataclass(frozen=True)
class Caller:
    """Calls Compute Engine with a token; paths begin after the project."""

    endpoint: str
    token: str
    project: str = "sandbox-project"

    def call(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Make one call and return its answer, which is held to its schema."""
        whole = f"/compute/v1/projects/{self.project}{path}"
        answer = self.ask(method, whole, body, **query)
        if answer.status == 200:
            hold_to_schema("compute.v1", method, whole, answer.content)
        return answer

    def ask(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        """Make one call of any path."""
        text = f"?{urllib.parse.urlencode(query)}" if query else ""
        request = urllib.request.Request(
            self.endpoint + path + text,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return Answer(reply.status, dict(reply.headers), json.load(reply))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), json.load(error))

    def get(self, path: str, **query: object) -> Any:
        """Return what is there."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer
        return answer.content

    def begin(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Have a change accepted and return its operation."""
        answer = self.call(method, path, body, **query)
        assert answer.status == 200, answer
        assert answer.content["kind"] == "compute#operation"
        return answer.content

    def wait(self, operation: Any) -> Any:
        """Wait for an operation and return how it ended."""
        path = operation["selfLink"].partition(f"/projects/{self.project}")[2]
        answer = self.call("POST", f"{path}/wait")
        assert answer.content["status"] == "DONE"
        return answer.content

    def change(self, method: str, path: str, body: object = None, **query: object) -> None:
        """Make a change and wait until it is made."""
        ended = self.wait(self.begin(method, path, body, **query))
        assert "error" not in ended, ended

    def wait_for(self, path: str, status: str) -> Any:
        """Wait until something has a status, and return it."""
        deadline = time.monotonic() + 10
        while (found := self.get(path))["status"] != status:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return found


def hold_to_schema(name: str, method: str, path: str, content: object) -> None:
    """Fail unless a reply keeps to the official schema of its method."""
    found = api(name).match(method, path)
    assert found is not None, path
    schema = found[0].response
    assert schema is not None
    assert list(violations(api(name).schemas, schema, content, strict=True)) == []


def caller(sandbox: GcpSandbox, account: str = "skyclust", project: str = "") -> Caller:
    """Return a caller of a project, its own where none is named."""
    project = project or sandbox.account
    return Caller(sandbox.endpoint, sandbox.token(account, project), project)


def machine(name: str, machine_type: str = "e2-small", **more: object) -> dict[str, Any]:
    """Return the body of an insert of one small machine."""
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": DEBIAN}}
    return {
        "name": name,
        "machineType": f"zones/{ZONE}/machineTypes/{machine_type}",
        "disks": [disk],
        "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}],
        **more,
    }


def launch(calls: Caller, name: str = "web", **more: Any) -> str:
    """Make a machine, wait until it runs, and return its path."""
    calls.change("POST", f"/zones/{ZONE}/instances", machine(name, **more))
    return f"/zones/{ZONE}/instances/{name}"
