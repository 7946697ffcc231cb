"""Parse an HTTP request into a call of an API method, and validate its parameters and body."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Request

from skyclust_sandbox.application import Call
from skyclust_sandbox.gcp.discovery import Method, api, normalised, violations
from skyclust_sandbox.gcp.identity import ServiceAccount
from skyclust_sandbox.gcp.locations import REGIONS, ZONES, region_of
from skyclust_sandbox.gcp.responses import Resource, bad_request, invalid, refused

APIS: Final = (
    "compute.v1",
    "cloudresourcemanager.v1",
    "cloudresourcemanager.v3",
    "bigquery.v2",
    "cloudbilling.v1",
)

_ANONYMOUS: Final = ServiceAccount("nobody", "nowhere", may_write=False)
_PROJECT_PARAMETERS: Final = ("project", "projectId", "projectsId", "resource")


@dataclass(frozen=True)
class GcpCall(Call):
    """A call of a method in a discovery document.

    `parse_error` is the JSON parser's message when the body is not a JSON object, else empty.
    """

    api: str
    method: Method
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Resource
    caller: ServiceAccount
    parse_error: str = ""

    @property
    def project(self) -> str:
        """The project in the path."""
        return next((self.path[name] for name in _PROJECT_PARAMETERS if name in self.path), "")

    @property
    def scope(self) -> str:
        """The scope in the path: `zones/NAME`, `regions/NAME` or `global`."""
        if "zone" in self.path and self.method.collection != "zones":
            return f"zones/{self.path['zone']}"
        if "region" in self.path and self.method.collection != "regions":
            return f"regions/{self.path['region']}"
        return "global"

    @property
    def returns_operation(self) -> bool:
        """Whether the method makes a change and returns its operation."""
        return self.method.response == "Operation" and self.method.http_method != "GET"

    def validate(self) -> None:
        """Raise Refused for query parameters and a body that the method does not accept."""
        for name in self.query:
            if name not in self.method.query:
                description = (
                    f"Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could "
                    "not be found in request message."
                )
                raise bad_request(
                    f"Invalid JSON payload received. {description}", [(name, description)]
                )
        if self.parse_error:
            raise bad_request(f"Invalid JSON payload received. {self.parse_error}", [])
        if self.method.request is not None:
            schemas = api(self.api).schemas
            invalid_fields = [
                (f"resource.{field}" if field else "resource", description)
                for field, description in violations(schemas, self.method.request, self.body)
            ]
            if invalid_fields:
                message = "\n".join(
                    "Invalid JSON payload received. "
                    + description.replace(": Cannot", f" at '{field}': Cannot")
                    for field, description in invalid_fields
                )
                raise bad_request(message, invalid_fields)

    def normalised_body(self) -> Resource:
        """Return the body without output only fields, and with 64 bit integers as strings."""
        if self.method.request is None:
            return {}
        body: Resource = normalised(api(self.api).schemas, self.method.request, self.body)
        return body

    def require_location(self) -> None:
        """Raise Refused for a zone or region that does not exist."""
        zone, region = self.path.get("zone"), self.path.get("region")
        if zone is not None and zone not in ZONES and self.method.collection != "zones":
            raise invalid("zone", zone, "Unknown zone.")
        if region is not None and region not in REGIONS and self.method.collection != "regions":
            raise invalid("region", region, "Unknown region.")


def parse_call(request: Request, caller: ServiceAccount | None) -> GcpCall:
    """Return the API call of a request; raises Refused with 404 when no method matches."""
    for name in APIS:
        matched = api(name).match(request.method, request.path)
        if matched is None:
            continue
        method, path = matched
        body, parse_error = _parse_body(request) if method.request is not None else ({}, "")
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
            caller=caller or _ANONYMOUS,
            parse_error=parse_error,
        )
    message = f"The requested URL {request.path} was not found on this server."
    raise refused(404, "notFound", message, from_front_end=True)


def _parse_body(request: Request) -> tuple[dict[str, Any], str]:
    """Return the body, and a message when it is not a JSON object."""
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
