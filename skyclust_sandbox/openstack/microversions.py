"""The negotiation of microversions.

Source: https://specs.openstack.org/openstack/api-sig/guidelines/microversion_specification.html
"""

from __future__ import annotations

import re
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.openstack.context import OpenStackCall
from skyclust_sandbox.openstack.wire import refused

RANGES: Final = {
    "compute": ((2, 1), (2, 100)),
    "block-storage": ((3, 0), (3, 71)),
}
"""The lowest and highest microversion of each service that has any, as of about 2025.2."""

_NAMES: Final = {"compute": "compute", "block-storage": "volume"}
_OLD_HEADER: Final = "X-OpenStack-Nova-API-Version"
_NEW_HEADER: Final = "OpenStack-API-Version"


def version_text(version: tuple[int, int]) -> str:
    """Return a microversion as text: `2.100`."""
    return f"{version[0]}.{version[1]}"


def negotiate(service: str, request: Request) -> tuple[int, int]:
    """Return the requested microversion, the lowest by default; refuses others with 400 or 406."""
    if service not in RANGES:
        return (0, 0)
    lowest, highest = RANGES[service]
    requested = _requested_version(service, request)
    if requested is None:
        return lowest
    if requested == "latest":
        return highest
    if re.fullmatch(r"\d+\.\d+", requested) is None:
        message = f"API Version String {requested} is of invalid format. Must be of format X.Y."
        raise refused(service, 400, message)
    major, minor = requested.split(".")
    version = (int(major), int(minor))
    if not lowest <= version <= highest:
        raise refused(
            service,
            406,
            f"Version {requested} is not supported by the API. Minimum is {version_text(lowest)}"
            f" and maximum is {version_text(highest)}.",
        )
    return version


def _requested_version(service: str, request: Request) -> str | None:
    for part in request.headers.get(_NEW_HEADER, "").split(","):
        name, _, version = part.strip().partition(" ")
        if name == _NAMES[service] and version:
            return version.strip()
    return request.headers.get(_OLD_HEADER) if service == "compute" else None


def with_microversion(call: OpenStackCall, response: Response) -> Response:
    """Return the reply with the headers that name its microversion."""
    if call.service in RANGES:
        version = version_text(call.microversion)
        response.headers[_NEW_HEADER] = f"{_NAMES[call.service]} {version}"
        response.headers["Vary"] = _NEW_HEADER
        if call.service == "compute":
            response.headers[_OLD_HEADER] = version
            response.headers["Vary"] = f"{_NEW_HEADER}, {_OLD_HEADER}"
    return response
