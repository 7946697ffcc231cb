"""Validates documents against the official schema: the models of the Azure SDK.

Every field must exist in the model with the same type, and an enumeration's value must be in the
enumeration. A request may omit fields that a response requires, and may contain read-only fields.
"""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final

from azure.mgmt.compute import models as compute
from azure.mgmt.network import models as network

from skyclust_sandbox.azure.responses import arm_error

MODELS: Final[Mapping[str, type]] = {
    "microsoft.compute/virtualmachines": compute.VirtualMachine,
    "microsoft.compute/disks": compute.Disk,
    "microsoft.compute/snapshots": compute.Snapshot,
    "microsoft.compute/images": compute.Image,
    "microsoft.compute/galleries": compute.Gallery,
    "microsoft.compute/galleries/images": compute.GalleryImage,
    "microsoft.compute/galleries/images/versions": compute.GalleryImageVersion,
    "microsoft.compute/sshpublickeys": compute.SshPublicKeyResource,
    "microsoft.network/virtualnetworks": network.VirtualNetwork,
    "microsoft.network/networkinterfaces": network.NetworkInterface,
    "microsoft.network/publicipaddresses": network.PublicIPAddress,
    "microsoft.network/networksecuritygroups": network.NetworkSecurityGroup,
    "microsoft.network/loadbalancers": network.LoadBalancer,
}
"""The model of each resource type, by the type in lower case."""

# The SDK documents this enumeration as incomplete: clients must list the available sizes.
_OPEN_ENUMERATIONS: Final = frozenset({compute.VirtualMachineSizeTypes})

_SCALARS: Final = (str, bool, int, float)


def check_request(resource_type: str, body: Mapping[str, Any]) -> None:
    """Refuse a request body with fields or values that the resource type does not have."""
    check_document(MODELS[resource_type.lower()], body)


def check_document(model: type, body: Mapping[str, Any]) -> None:
    """Refuse a request body with fields or values that the model does not have."""
    violation = next(violations(model, body, complete=False), None)
    if violation is not None:
        message = f"The request content was invalid: {violation}."
        raise arm_error(400, "InvalidRequestContent", message)


def violations(
    model: type, document: object, *, complete: bool = True, at: str = "$"
) -> Iterator[str]:
    """Yield each violation of the model with its path; `complete` requires all required fields.

    Read-only fields are never required: Azure omits many until they have a value.
    """
    if not isinstance(document, Mapping):
        yield f"{at} is not an object of type {model.__name__}"
        return
    fields = _fields(model)
    for name, value in document.items():
        if name not in fields:
            yield f"Could not find member '{name}' on object of type '{model.__name__}' at {at}"
        elif value is not None:
            yield from _check(fields[name].hint, value, complete, f"{at}.{name}")
    for name, field in fields.items():
        if complete and field.required and document.get(name) is None:
            yield f"{at}.{name} is required by {model.__name__}"


class _Field(typing.NamedTuple):
    hint: Any
    required: bool


@cache
def _fields(model: type) -> Mapping[str, _Field]:
    """Return the fields of a model by their JSON names."""
    package = sys.modules[model.__module__.removesuffix("._models")]
    hints = typing.get_type_hints(model, localns={"_models": package})
    fields = {}
    for owner in reversed(model.__mro__):
        for attribute, field in vars(owner).items():
            name = getattr(field, "_rest_name_input", None) or attribute
            if hasattr(field, "_rest_name_input") and attribute in hints:
                hint = hints[attribute]
                fields[name] = _Field(hint, type(None) not in typing.get_args(hint))
    return fields


def _check(hint: Any, value: object, complete: bool, at: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        yield from _check_union(
            [argument for argument in arguments if argument is not type(None)], value, complete, at
        )
    elif origin is list:
        if not isinstance(value, list):
            yield f"{at} is not a list"
            return
        for index, item in enumerate(value):
            yield from _check(arguments[0], item, complete, f"{at}[{index}]")
    elif origin is dict:
        if not isinstance(value, Mapping):
            yield f"{at} is not an object"
            return
        for name, item in value.items():
            yield from _check(arguments[1], item, complete, f"{at}.{name}")
    elif isinstance(hint, type):
        yield from _check_type(hint, value, complete, at)


def _check_union(hints: list[Any], value: object, complete: bool, at: str) -> Iterator[str]:
    enumerations = [hint for hint in hints if isinstance(hint, type) and issubclass(hint, Enum)]
    if not enumerations:
        yield from _check(hints[0], value, complete, at)
    elif isinstance(value, str):
        allowed = frozenset[str]().union(*(_values(item) for item in enumerations))
        if value.lower() not in allowed and not _OPEN_ENUMERATIONS.intersection(enumerations):
            yield f"{at} is {value!r}, which is not a value of {enumerations[0].__name__}"
    else:
        yield f"{at} is not a string"


@cache
def _values(enumeration: type[Enum]) -> frozenset[str]:
    return frozenset(str(member.value).lower() for member in enumeration)


def _check_type(hint: type, value: object, complete: bool, at: str) -> Iterator[str]:
    if hint is datetime:
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            yield f"{at} is not a timestamp"
    elif hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{at} is not a number"
    elif hint in _SCALARS:
        if type(value) is not hint:
            yield f"{at} is not of type {hint.__name__}"
    elif hasattr(hint, "_is_model"):
        yield from violations(hint, value, complete=complete, at=at)
