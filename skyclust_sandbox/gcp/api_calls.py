"""Reading a request: which method it calls, with what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import Call
from skyclust_sandbox.gcp.discovery import Method, api, normalised, violations
from skyclust_sandbox.gcp.identity import Account
from skyclust_sandbox.gcp.locations import REGIONS, ZONES, region_of
from skyclust_sandbox.gcp.responses import Resource, bad_request, invalid, refused

APIS: Final = ("compute.v1", "cloudresourcemanager.v1", "cloudresourcemanager.v3")

_NOBODY: Final = Account("nobody", "nowhere", may_write=False)
_PROJECT_NAMES: Final = ("project", "projectId", "projectsId", "resource")


@dataclass(frozen=True)
class GcpCall(Call):
    """One call as Google's documents see it. `unreadable` is what its body lacks to be JSON."""

    api: str
    method: Method
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    caller: Account
    unreadable: str = ""

    @property
    def project(self) -> str:
        """The project that it is about."""
        return next((self.path[name] for name in _PROJECT_NAMES if name in self.path), "")

    @property
    def scope(self) -> str:
        """The scope that it is about: `zones/NAME`, `regions/NAME` or `global`."""
        if "zone" in self.path and self.method.collection != "zones":
            return f"zones/{self.path['zone']}"
        if "region" in self.path and self.method.collection != "regions":
            return f"regions/{self.path['region']}"
        return "global"

    @property
    def changes(self) -> bool:
        """Whether it is accepted with an operation."""
        return self.method.response == "Operation" and self.method.verb != "GET"

    def require_readable(self) -> None:
        """Refuse parameters and a body that the method does not have."""
        for name in self.query:
            if name not in self.method.query:
                said = (
                    f"Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could "
                    "not be found in request message."
                )
                raise bad_request(f"Invalid JSON payload received. {said}", [(name, said)])
        if self.unreadable:
            raise bad_request(f"Invalid JSON payload received. {self.unreadable}", [])
        if self.method.request is not None:
            found = [
                (f"resource.{where}" if where else "resource", said)
                for where, said in violations(api(self.api).schemas, self.method.request, self.body)
            ]
            if found:
                told = "\n".join(
                    f"Invalid JSON payload received. {said.replace(': Cannot', _at(where))}"
                    for where, said in found
                )
                raise bad_request(told, found)

    def read_body(self) -> Resource:
        """Return the body as Google reads it."""
        if self.method.request is None:
            return {}
        body: Resource = normalised(api(self.api).schemas, self.method.request, self.body)
        return body

    def require_place(self) -> None:
        """Refuse zones and regions that there are not."""
        zone, region = self.path.get("zone"), self.path.get("region")
        if zone is not None and zone not in ZONES and self.method.collection != "zones":
            raise invalid("zone", zone, "Unknown zone.")
        if region is not None and region not in REGIONS and self.method.collection != "regions":
            raise invalid("region", region, "Unknown region.")


def read_call(request: Request, caller: Account | None) -> GcpCall:
    """Return what a request calls; raises a refusal for what is no call of these APIs."""
    for name in APIS:
        found = api(name).match(request.method, request.path)
        if found is None:
            continue
        method, path = found
        body, unreadable = _body(request) if method.request is not None else ({}, "")
        region = path.get("region") or region_of(path.get("zone", ""))
        return GcpCall(
            action=method.id,
            region=region,
            access_key=caller.email if caller is not None else "",
            api=name,
            method=method,
            path=path,
            query=request.args.to_dict(),
            body=body,
            caller=caller or _NOBODY,
            unreadable=unreadable,
        )
    message = f"The requested URL {request.path} was not found on this server."
    raise refused(404, "notFound", message, front=True)


def _body(request: Request) -> tuple[dict[str, Any], str]:
    """Return the body, and what is wrong with it."""
    raw = request.get_data()
    if not raw:
        return {}, ""
    try:
        content = json.loads(raw)
    except ValueError:
        return {}, "Unexpected token."
    if not isinstance(content, dict):
        return {}, "Root element must be a message."
    return content, ""


def _at(where: str) -> str:
    return f" at '{where}': Cannot"
