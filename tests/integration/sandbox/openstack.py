"""Clients of the sandbox OpenStack: the SDK, and plain HTTP."""

from __future__ import annotations

import time
from typing import Any, Final, TypeAlias

import pytest
import requests
from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from openstack.connection import Connection

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.openstack import OpenStackSandbox

DEADLINE_SECONDS: Final = 15.0

Cloud: TypeAlias = Any
"""A connection of the SDK. Its types are unions over API versions, of which one applies."""

INTEGRATION: Final = [
    pytest.mark.integration,
    # The SDK calls functions of its own that it has deprecated.
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]
"""The marks of tests that use the SDK."""


def connect(
    sandbox: OpenStackSandbox, user: str = "sandbox", region: str = "RegionOne", **auth: str
) -> Cloud:
    """Return a connection as a user, by default in the project of the same name."""
    projects = {"other": sandbox.other_project}
    credential: dict[str, Any] = dict(auth) or {
        "username": user,
        "password": f"{user}-password",
        "user_domain_name": sandbox.domain,
        "project_name": projects.get(user, sandbox.project),
        "project_domain_name": sandbox.domain,
    }
    plugin = v3.ApplicationCredential if "application_credential_id" in credential else v3.Password
    session = Session(auth=plugin(auth_url=sandbox.auth_url, **credential))
    return Connection(session=session, region_name=region)


def slow_down(sandbox: OpenStackSandbox) -> None:
    """Prolong every transition, so that its states can be observed on a busy computer."""
    sandbox.inject(
        *(
            Fault(kind=FaultKind.ERROR, action=f"{service}.*", code="Slow", seconds=0.2)
            for service in ("compute", "block-storage", "image")
        )
    )


def make_server(cloud: Cloud, name: str = "web", **attributes: Any) -> Any:
    """Create a server in the private network and return it as accepted."""
    [image] = cloud.image.images(name="debian-12")
    defaults = {"flavor_id": "2", "image_id": image.id, "networks": "auto"}
    return cloud.compute.create_server(name=name, **{**defaults, **attributes})


def await_server(cloud: Cloud, server: Any, status: str = "ACTIVE") -> Any:
    """Return the server once it has a status and no task."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        seen = cloud.compute.get_server(server.id)
        if seen.status == status and seen.task_state is None:
            return seen
        time.sleep(0.02)
    raise TimeoutError(f"{server.id} is {seen.status} ({seen.task_state}), not {status}.")


def await_status(get: Any, resource: Any, status: str) -> Any:
    """Return a volume, snapshot or image once it has a status."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        seen = get(resource.id)
        if seen.status == status:
            return seen
        time.sleep(0.02)
    raise TimeoutError(f"{resource.id} is {seen.status}, not {status}.")


class Http:
    """A client of the services without the SDK: the test controls the exact request."""

    def __init__(self, sandbox: OpenStackSandbox, user: str = "sandbox") -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self.base = f"{sandbox.endpoint}/{sandbox.region}"
        project = sandbox.other_project if user == "other" else sandbox.project
        identity: Any = {
            "methods": ["password"],
            "password": {
                "user": {
                    "name": user,
                    "domain": {"id": "default"},
                    "password": f"{user}-password",
                }
            },
        }
        scope: Any = {"project": {"name": project, "domain": {"name": sandbox.domain}}}
        reply = self._session.post(
            f"{sandbox.auth_url}/auth/tokens",
            json={"auth": {"identity": identity, "scope": scope}},
            timeout=30,
        )
        reply.raise_for_status()
        self._session.headers["X-Auth-Token"] = reply.headers["X-Subject-Token"]
        self.token: dict[str, Any] = reply.json()["token"]

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(
        self, method: str, path: str, body: Any = None, version: str = ""
    ) -> requests.Response:
        """Return the reply to a call below the region, in a microversion of nova if given."""
        headers = {"OpenStack-API-Version": f"compute {version}"} if version else {}
        url = path if path.startswith("http") else f"{self.base}{path}"
        return self._session.request(method, url, json=body, headers=headers, timeout=30)

    def get(self, path: str, version: str = "") -> Any:
        """Return the JSON of a successful GET."""
        reply = self.call("GET", path, version=version)
        reply.raise_for_status()
        return reply.json()
