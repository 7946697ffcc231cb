"""Resources with every field of the official discovery document, and mutations of them.

google-api-python-client ships the document. Every text, number and link in an example is unique,
so that the origin of a value in a record is known; every list has two entries.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from skyclust_sandbox.gcp.discovery import api

Json = dict[str, Any]
Path = tuple[str | int, ...]

PROJECT: Final = "projects/acme"
LINK: Final = f"https://www.googleapis.com/compute/v1/{PROJECT}"
REGION: Final = "europe-west3"
ZONE: Final = "europe-west3-a"
DEEPEST: Final = 4
"""Levels of an example; no reader reads deeper levels."""

WHERE: Final[Mapping[str, str]] = {
    "Address": f"regions/{REGION}/addresses",
    "Disk": f"zones/{ZONE}/disks",
    "Firewall": "global/firewalls",
    "ForwardingRule": f"regions/{REGION}/forwardingRules",
    "Image": "global/images",
    "Instance": f"zones/{ZONE}/instances",
    "MachineType": f"zones/{ZONE}/machineTypes",
    "Network": "global/networks",
    "Snapshot": "global/snapshots",
    "Subnetwork": f"regions/{REGION}/subnetworks",
}
"""The schemas that are read, and the path of such a resource."""

# The texts of fields that need a certain format; # is a number.
_TEXTS: Final[Mapping[str, str]] = {
    "IPProtocol": "tcp",
    "backendService": f"{LINK}/regions/{REGION}/backendServices/service-#",
    "machineType": f"{LINK}/zones/{ZONE}/machineTypes/type-#",
    "network": f"{LINK}/global/networks/network-#",
    "ports": "#-9999",
    "source": f"{LINK}/zones/{ZONE}/disks/disk-#",
    "sourceDisk": f"{LINK}/zones/{ZONE}/disks/disk-#",
    "sourceSnapshot": f"{LINK}/global/snapshots/snapshot-#",
    "subnetwork": f"{LINK}/regions/{REGION}/subnetworks/subnet-#",
    "target": f"{LINK}/regions/{REGION}/targetPools/pool-#",
    "users": f"{LINK}/zones/{ZONE}/instances/instance-#",
}
_ENUM_VALUES: Final[Mapping[tuple[str, str], str]] = {
    ("Address", "addressType"): "EXTERNAL",
    ("Address", "status"): "IN_USE",
    ("Disk", "status"): "READY",
    ("Disk", "type"): f"{LINK}/zones/{ZONE}/diskTypes/pd-ssd",
    ("ForwardingRule", "loadBalancingScheme"): "EXTERNAL",
    ("Image", "status"): "READY",
    ("Instance", "status"): "RUNNING",
    ("Snapshot", "status"): "READY",
    ("Subnetwork", "state"): "READY",
    ("AttachedDisk", "architecture"): "X86_64",
    ("Image", "architecture"): "X86_64",
    ("MachineType", "architecture"): "X86_64",
    ("DeprecationStatus", "state"): "ACTIVE",
}


def example(schema: str, **more: Any) -> Json:
    """Return a resource with every field that its schema has; `more` replaces fields."""
    numbers = count(101)
    made: Json = _object(schema, api("compute.v1").schemas[schema], numbers, 0)
    name = f"{schema.lower()}-name"
    made |= {"name": name, "selfLink": f"{LINK}/{WHERE[schema]}/{name}"}
    return made | more


def mutations(value: Json) -> Iterator[tuple[Path, str, Json]]:
    """Yield an example with a single field changed, for each field at each depth and each change.

    The changes in `ABSENT` are valid for an optional field.
    """
    for path in _paths(value):
        for how, change in _CHANGES.items():
            yield path, how, _changed(value, path, change)


def narrowed(value: Any, entries: tuple[int, ...]) -> Any:
    """Return an example with a single entry in each list, whose index is given for its depth."""
    if isinstance(value, dict):
        return {key: narrowed(item, entries) for key, item in value.items()}
    if not isinstance(value, list) or not entries:
        return value
    return [narrowed(value[entries[0]], entries[1:])]


def leaves(value: Any) -> set[Any]:
    """Return the texts, numbers and truth values in a record."""
    if isinstance(value, Mapping):
        return {leaf for item in value.values() for leaf in leaves(item)}
    if isinstance(value, (list, tuple)):
        return {leaf for item in value for leaf in leaves(item)}
    return {value}


def _object(name: str, schema: Mapping[str, Any], numbers: Iterator[int], depth: int) -> Json:
    if "additionalProperties" in schema:
        inner = schema["additionalProperties"]
        return {f"key-{n}": _value(name, "label", inner, numbers, depth) for n in (1, 2)}
    return {
        key: _value(name, key, inner, numbers, depth)
        for key, inner in schema.get("properties", {}).items()
    }


def _value(
    name: str, key: str, schema: Mapping[str, Any], numbers: Iterator[int], depth: int
) -> Any:
    if "$ref" in schema:
        name = schema["$ref"]
        schema = api("compute.v1").schemas[name]
    match schema.get("type"):
        case "object":
            return {} if depth >= DEEPEST else _object(name, schema, numbers, depth + 1)
        case "array":
            return [_value(name, key, schema["items"], numbers, depth + 1) for _ in range(2)]
        case "integer":
            return next(numbers)
        case "number":
            return next(numbers) + 0.5
        case "boolean":
            return True
    return _text(name, key, schema, next(numbers))


def _text(name: str, key: str, schema: Mapping[str, Any], number: int) -> str:
    if (name, key) in _ENUM_VALUES:
        return _ENUM_VALUES[name, key]
    if schema.get("format") in {"int64", "uint64"}:
        return str(number)
    if "enum" in schema:
        return str(schema["enum"][0])
    if key.endswith("Timestamp"):
        return f"2026-03-02T08:15:42.{number}-08:00"
    return _TEXTS.get(key, f"{key}-#").replace("#", str(number))


def _drop(parent: Any, key: Any) -> None:
    del parent[key]


def _put(content: Any) -> Callable[[Any, Any], None]:
    def change(parent: Any, key: Any) -> None:
        parent[key] = copy.deepcopy(content)

    return change


def _other_type(parent: Any, key: Any) -> None:
    parent[key] = 7 if isinstance(parent[key], (str, dict, list)) else "seven"


_CHANGES: Final[Mapping[str, Callable[[Any, Any], None]]] = {
    "dropped": _drop,
    "null": _put(None),
    "empty text": _put(""),
    "empty list": _put([]),
    "empty object": _put({}),
    "list of null": _put([None]),
    "other type": _other_type,
}
PUT: Final = frozenset({7, "seven"})
"""The values that replace a field of another type."""

ABSENT: Final = frozenset({"dropped", "null"})


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        yield (*path, key)
        if isinstance(item, (dict, list)):
            yield from _paths(item, (*path, key))


def _changed(value: Any, path: Path, change: Callable[[Any, Any], None]) -> Any:
    """Return a value with the field at a path changed; all other parts are shared."""
    made = copy.copy(value)
    if len(path) == 1:
        change(made, path[0])
    else:
        made[path[0]] = _changed(value[path[0]], path[1:], change)
    return made
