"""The sandbox OpenStack as its own SDK sees it, and as plain HTTP does."""

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
"""A connection of the SDK, whose types are unions of versions of which one is there."""

INTEGRATION: Final = [
    pytest.mark.integration,
    # The SDK calls its own functions in ways that it has deprecated.
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK50Warning"),
    pytest.mark.filterwarnings("ignore::openstack.warnings.RemovedInSDK60Warning"),
]
"""The marks of tests that drive the SDK."""


def connect(
    sandbox: OpenStackSandbox, user: str = "sandbox", region: str = "RegionOne", **auth: str
) -> Cloud:
    """Return a connection as a user, in the project of his name unless told otherwise."""
    projects = {"other": sandbox.other_project}
    given: dict[str, Any] = dict(auth) or {
        "username": user,
        "password": f"{user}-password",
        "user_domain_name": sandbox.domain,
        "project_name": projects.get(user, sandbox.project),
        "project_domain_name": sandbox.domain,
    }
    plugin = v3.ApplicationCredential if "application_credential_id" in given else v3.Password
    session = Session(auth=plugin(auth_url=sandbox.auth_url, **given))
    return Connection(session=session, region_name=region)


def slow_down(sandbox: OpenStackSandbox) -> None:
    """Let every work take long enough for its states to be seen on a busy machine."""
    sandbox.inject(
        *(
            Fault(kind=FaultKind.ERROR, action=f"{service}.*", code="Slow", seconds=0.2)
            for service in ("compute", "block-storage", "image")
        )
    )


def make_server(cloud: Cloud, name: str = "web", **asked: Any) -> Any:
    """Return a server of the private network that was just accepted."""
    [image] = cloud.image.images(name="debian-12")
    wanted = {"flavor_id": "2", "image_id": image.id, "networks": "auto", **asked}
    return cloud.compute.create_server(name=name, **wanted)


def await_server(cloud: Cloud, server: Any, status: str = "ACTIVE") -> Any:
    """Return the server once it has a status and no work under way."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        seen = cloud.compute.get_server(server.id)
        if seen.status == status and seen.task_state is None:
            return seen
        time.sleep(0.02)
    raise TimeoutError(f"{server.id} is {seen.status} ({seen.task_state}), not {status}.")


def await_status(get: Any, thing: Any, status: str) -> Any:
    """Return a volume, snapshot or image once it has a status."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        seen = get(thing.id)
        if seen.status == status:
            return seen
        time.sleep(0.02)
    raise TimeoutError(f"{thing.id} is {seen.status}, not {status}.")


class Http:
    """Calls the services without an SDK between: what is sent is what is asked."""

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
