"""An administrator who works in the sandbox's main project, whatever fails for its member."""

from __future__ import annotations

from typing import Any

import requests

from tests.fixtures.openstack import OpenStackSandbox

Json = dict[str, Any]


class OpenStackOperator:
    """Calls the services of the sandbox's region by themselves, without an SDK."""

    def __init__(self, sandbox: OpenStackSandbox) -> None:
        self._sandbox = sandbox
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Auth-Token"] = self._token()
        self._session.headers["OpenStack-API-Version"] = "compute 2.90"

    def made(self, path: str, key: str, body: Json) -> str:
        """Make something by a call of the region, and return its id."""
        return str(self.call("POST", path, {key: body})[key]["id"])

    def volumes(self, what: str) -> str:
        """Return the path of something of cinder's in the project."""
        return f"volume/v3/{self._sandbox.project_id}/{what}"

    def own(self, what: str, **params: str) -> list[Json]:
        """Return what neutron lists of the project."""
        own = {"project_id": self._sandbox.project_id, **params}
        return self.get(f"network/v2.0/{what}", what, **own)

    def get(self, path: str, key: str, **params: str) -> list[Json]:
        """Return what a list of the region holds under a key."""
        answer = self.call("GET", path, params=params)
        things: list[Json] = answer[key]
        return things

    def call(
        self, method: str, path: str, body: Json | None = None, params: Json | None = None
    ) -> Any:
        """Make one call of the region; returns its JSON, None when there is none."""
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
