"""Holds documents against the official schema: the models of Azure's own SDK.

Every field has to be one that the model has, of the type that it has there, and an enumeration's
value one that the enumeration has. What a client sends may leave out fields that are required
of a reply, and may repeat fields that only Azure sets.
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

from skyclust_sandbox.azure.responses import refusal

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
"""The model of each type of resource, by its name in lower case."""

# The SDK says of this one that it has long been incomplete; the sizes there are, are listed.
_OPEN_ENUMERATIONS: Final = frozenset({compute.VirtualMachineSizeTypes})

_PLAIN: Final = (str, bool, int, float)


def check_request(kind: str, body: Mapping[str, Any]) -> None:
    """Refuse a request with fields or values that a resource of this kind does not have."""
    check_document(MODELS[kind.lower()], body)


def check_document(model: type, body: Mapping[str, Any]) -> None:
    """Refuse a request with fields or values that the model does not have."""
    found = next(violations(model, body, complete=False), None)
    if found is not None:
        raise refusal(400, "InvalidRequestContent", f"The request content was invalid: {found}.")


def violations(
    model: type, document: object, *, complete: bool = True, at: str = "$"
) -> Iterator[str]:
    """Yield what is wrong with a document, each with its place; `complete` asks for all fields.

    Read-only fields are required of nobody: Azure leaves many out until they have a value.
    """
    if not isinstance(document, Mapping):
        yield f"{at} is no object of type {model.__name__}"
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
    """Return the fields of a model by their names on the wire."""
    package = sys.modules[model.__module__.removesuffix("._models")]
    hints = typing.get_type_hints(model, localns={"_models": package})
    found = {}
    for owner in reversed(model.__mro__):
        for attribute, field in vars(owner).items():
            name = getattr(field, "_rest_name_input", None) or attribute
            if hasattr(field, "_rest_name_input") and attribute in hints:
                hint = hints[attribute]
                found[name] = _Field(hint, type(None) not in typing.get_args(hint))
    return found


def _check(hint: Any, value: object, complete: bool, at: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        yield from _check_union(
            [one for one in arguments if one is not type(None)], value, complete, at
        )
    elif origin is list:
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for index, one in enumerate(value):
            yield from _check(arguments[0], one, complete, f"{at}[{index}]")
    elif origin is dict:
        if not isinstance(value, Mapping):
            yield f"{at} is no object"
            return
        for name, one in value.items():
            yield from _check(arguments[1], one, complete, f"{at}.{name}")
    elif isinstance(hint, type):
        yield from _check_type(hint, value, complete, at)


def _check_union(hints: list[Any], value: object, complete: bool, at: str) -> Iterator[str]:
    enumerations = [one for one in hints if isinstance(one, type) and issubclass(one, Enum)]
    if not enumerations:
        yield from _check(hints[0], value, complete, at)
    elif isinstance(value, str):
        known = frozenset[str]().union(*(_values(one) for one in enumerations))
        if value.lower() not in known and not _OPEN_ENUMERATIONS.intersection(enumerations):
            yield f"{at} is {value!r}, which is none of {enumerations[0].__name__}"
    else:
        yield f"{at} is no text"


@cache
def _values(enumeration: type[Enum]) -> frozenset[str]:
    return frozenset(str(one.value).lower() for one in enumeration)


def _check_type(hint: type, value: object, complete: bool, at: str) -> Iterator[str]:
    if hint is datetime:
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            yield f"{at} is no time"
    elif hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"{at} is no number"
    elif hint in _PLAIN:
        if type(value) is not hint:
            yield f"{at} is no {hint.__name__}"
    elif hasattr(hint, "_is_model"):
        yield from violations(hint, value, complete=complete, at=at)
