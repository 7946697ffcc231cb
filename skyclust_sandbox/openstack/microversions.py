"""Which microversion a call is answered in.

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
"""The microversions of the services that have them, of the releases around 2025.2."""

_NAMES: Final = {"compute": "compute", "block-storage": "volume"}
_OLD_HEADER: Final = "X-OpenStack-Nova-API-Version"
_NEW_HEADER: Final = "OpenStack-API-Version"


def told(version: tuple[int, int]) -> str:
    """Return a microversion as it is written."""
    return f"{version[0]}.{version[1]}"


def negotiate(service: str, request: Request) -> tuple[int, int]:
    """Return the microversion asked for, the lowest when none is; refuses others with 406."""
    if service not in RANGES:
        return (0, 0)
    lowest, highest = RANGES[service]
    asked = _asked(service, request)
    if asked is None:
        return lowest
    if asked == "latest":
        return highest
    if re.fullmatch(r"\d+\.\d+", asked) is None:
        message = f"API Version String {asked} is of invalid format. Must be of format X.Y."
        raise refused(service, 400, message)
    major, minor = asked.split(".")
    version = (int(major), int(minor))
    if not lowest <= version <= highest:
        raise refused(
            service,
            406,
            f"Version {asked} is not supported by the API. Minimum is {told(lowest)} and maximum"
            f" is {told(highest)}.",
        )
    return version


def _asked(service: str, request: Request) -> str | None:
    for one in request.headers.get(_NEW_HEADER, "").split(","):
        name, _, version = one.strip().partition(" ")
        if name == _NAMES[service] and version:
            return version.strip()
    return request.headers.get(_OLD_HEADER) if service == "compute" else None


def tell_microversion(call: OpenStackCall, response: Response) -> Response:
    """Return the reply with the microversion that it is in."""
    if call.service in RANGES:
        version = told(call.microversion)
        response.headers[_NEW_HEADER] = f"{_NAMES[call.service]} {version}"
        response.headers["Vary"] = _NEW_HEADER
        if call.service == "compute":
            response.headers[_OLD_HEADER] = version
            response.headers["Vary"] = f"{_NEW_HEADER}, {_OLD_HEADER}"
    return response
