"""Calls of an administrator in the sandbox's main project, unaffected by injected failures."""

from __future__ import annotations

from typing import Any

import requests

from tests.fixtures.openstack import OpenStackSandbox

Json = dict[str, Any]


class OpenStackOperator:
    """Calls the services of the sandbox's region without the SDK."""

    def __init__(self, sandbox: OpenStackSandbox) -> None:
        self._sandbox = sandbox
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Auth-Token"] = self._token()
        self._session.headers["OpenStack-API-Version"] = "compute 2.90"

    def made(self, path: str, key: str, body: Json) -> str:
        """Create an object by a POST in the region, and return its id."""
        return str(self.call("POST", path, {key: body})[key]["id"])

    def volumes(self, collection: str) -> str:
        """Return the path of a collection of Cinder in the project."""
        return f"volume/v3/{self._sandbox.project_id}/{collection}"

    def own(self, collection: str, **params: str) -> list[Json]:
        """Return the objects of a collection of Neutron in the project."""
        own = {"project_id": self._sandbox.project_id, **params}
        return self.get(f"network/v2.0/{collection}", collection, **own)

    def get(self, path: str, key: str, **params: str) -> list[Json]:
        """Return the list under a key of a reply."""
        answer = self.call("GET", path, params=params)
        items: list[Json] = answer[key]
        return items

    def call(
        self, method: str, path: str, body: Json | None = None, params: Json | None = None
    ) -> Any:
        """Send one call in the region; return the JSON of the reply, None for an empty reply."""
        url = f"{self._sandbox.endpoint}/{self._sandbox.region}/{path}"
        response = self._session.request(method, url, json=body, params=params, timeout=20)
        assert response.ok, f"{method} {path}: {response.text}"
        return response.json() if response.content else None

    def _token(self) -> str:
        sandbox = self._sandbox
        domain = {"name": sandbox.domain}
        user = {"name": sandbox.admin, "password": sandbox.admin_password, "domain": domain}
        content: Any = {
            "auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": {"name": sandbox.project, "domain": domain}},
            }
        }
        response = self._session.post(f"{sandbox.auth_url}/auth/tokens", json=content, timeout=20)
        assert response.status_code == 201, response.text
        return response.headers["X-Subject-Token"]
