"""Complete examples of EC2 and ELB replies, generated from botocore's models."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import botocore.session
from botocore.model import ListShape, Shape, StringShape, StructureShape

MOMENT: Final = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

_ADDRESSES: Final = {
    "PrivateIpAddress": "10.0.0.{n}",
    "PublicIp": "198.51.100.{n}",
    "PublicIpAddress": "198.51.100.{n}",
    "Ipv6Address": "2001:db8::{n}",
    "CidrBlock": "10.{n}.0.0/16",
    "CidrIp": "192.0.2.{n}/32",
    "CidrIpv6": "2001:db8::{n}/128",
    "Ipv6CidrBlock": "2001:db8:{n}::/56",
    "CreationDate": "2026-01-02T03:04:05.000Z",
}
"""Values of members that are not free text, by name; `n` is the index in a list."""


@cache
def service_model(service: str) -> Any:
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def example(service: str, shape: str) -> Any:
    """Return an example of a shape with every member, and two entries in each list."""
    return _value(service_model(service).shape_for(shape), "", 1, ())


def _value(shape: Shape, name: str, number: int, above: tuple[str, ...]) -> Any:
    if isinstance(shape, StructureShape):
        if shape.name in above:
            return {}
        inner = (*above, shape.name)
        return {member: _value(of, member, number, inner) for member, of in shape.members.items()}
    if isinstance(shape, ListShape):
        return [_value(shape.member, name, place, above) for place in (1, 2)]
    if shape.type_name == "timestamp":
        return MOMENT
    if shape.type_name == "boolean":
        return True
    if shape.type_name in {"integer", "long"}:
        return number
    if shape.type_name in {"float", "double"}:
        return float(number)
    if name in _ADDRESSES:
        return _ADDRESSES[name].format(n=number)
    if isinstance(shape, StringShape) and shape.enum:
        return shape.enum[(number - 1) % len(shape.enum)]
    return f"{name}-{number}"
