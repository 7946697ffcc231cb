"""A Compute Engine client for tests, which checks every response against its schema."""

from __future__ import annotations

import json
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
class ApiResponse:
    """The status, headers and JSON content of a response."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def reason(self) -> str:
        """The reason of an error."""
        return str(self.content["error"]["errors"][0]["reason"])

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(self.content["error"]["message"])


@dataclass(frozen=True)
class ComputeClient:
    """Calls Compute Engine with an access token; paths are relative to the project."""

    endpoint: str
    token: str
    project: str = "sandbox-project"

    def call(self, method: str, path: str, body: object = None, **query: object) -> ApiResponse:
        """Return the response to a call, after checking its content against the method's schema."""
        full_path = f"/compute/v1/projects/{self.project}{path}"
        response = self.request(method, full_path, body, **query)
        if response.status == 200:
            check_schema("compute.v1", method, full_path, response.content)
        return response

    def request(self, method: str, path: str, body: object = None, **query: object) -> ApiResponse:
        """Return the response to a request for any path."""
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
                return ApiResponse(reply.status, dict(reply.headers), json.load(reply))
        except urllib.error.HTTPError as error:
            with error:
                return ApiResponse(error.code, dict(error.headers), json.load(error))

    def get(self, path: str, **query: object) -> Any:
        """Return the content of a successful GET."""
        response = self.call("GET", path, **query)
        assert response.status == 200, response
        return response.content

    def start(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Return the operation of a change that has to be accepted."""
        response = self.call(method, path, body, **query)
        assert response.status == 200, response
        assert response.content["kind"] == "compute#operation"
        return response.content

    def wait(self, operation: Any) -> Any:
        """Wait for an operation and return it as completed."""
        path = operation["selfLink"].partition(f"/projects/{self.project}")[2]
        response = self.call("POST", f"{path}/wait")
        assert response.content["status"] == "DONE"
        return response.content

    def change(self, method: str, path: str, body: object = None, **query: object) -> None:
        """Make a change, and wait for its operation, which has to succeed."""
        operation = self.wait(self.start(method, path, body, **query))
        assert "error" not in operation, operation


def check_schema(name: str, method: str, path: str, content: object) -> None:
    """Fail unless the content of a response conforms to the schema of its method."""
    matched = api(name).match(method, path)
    assert matched is not None, path
    schema = matched[0].response
    assert schema is not None
    assert list(violations(api(name).schemas, schema, content, strict=True)) == []


def compute_client(
    sandbox: GcpSandbox, account: str = "skyclust", project: str = ""
) -> ComputeClient:
    """Return a client of a service account's project, by default the sandbox's main project."""
    project = project or sandbox.account
    return ComputeClient(sandbox.endpoint, sandbox.token(account, project), project)


def instance_body(name: str, machine_type: str = "e2-small", **more: object) -> dict[str, Any]:
    """Return the body of an insert of a small instance."""
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": DEBIAN}}
    return {
        "name": name,
        "machineType": f"zones/{ZONE}/machineTypes/{machine_type}",
        "disks": [disk],
        "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}],
        **more,
    }


def create_instance(client: ComputeClient, name: str = "web", **more: Any) -> str:
    """Create an instance, wait until it runs, and return its path."""
    client.change("POST", f"/zones/{ZONE}/instances", instance_body(name, **more))
    return f"/zones/{ZONE}/instances/{name}"
