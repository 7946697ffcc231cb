"""The official schema of the API viewer of Proxmox VE, and violations of it by a call.

fakepve carries the file; it is read, fakepve itself is not imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from tests.unit.proxmox.documented_errors import catalogue

_PREFIX: Final = "/api2/json"

_NUMBER: Final = re.compile(r"\d+(\.\d+)?")

_TOLD_OTHERWISE: Final = frozenset({"/cluster/nextid"})
"""Documented as a number; a node returns a string."""


@cache
def operations() -> list[tuple[re.Pattern[str], str, str, Mapping[str, Any]]]:
    """Return pattern, path, method and description of every operation, literal paths first."""
    paths: dict[str, dict[str, Any]] = catalogue("pve-api")["paths"]
    ordered = sorted(paths, key=lambda path: (path.count("{"), path))
    return [
        (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path, method, described)
        for path in ordered
        for method, described in paths[path].items()
    ]


def operation(method: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the documented path of a call, and its description."""
    relative = path.removeprefix(_PREFIX)
    for pattern, documented, its_method, described in operations():
        if its_method == method and pattern.fullmatch(relative):
            return documented, described
    return None


def breaches(
    method: str, path: str, parameters: Mapping[str, str], answer: object | None
) -> Iterator[str]:
    """Yield the violations of the schema by a call or its successful reply."""
    found = operation(method, path)
    if found is None:
        yield f"{method} {path} is not documented"
        return
    documented, described = found
    known = described["parameters"].get("properties", {})
    for name in parameters:
        if _described(known, name) is None:
            yield f"{method} {documented}: takes no parameter {name}"
    for name, about in known.items():
        if not about.get("optional") and name not in parameters and f"{{{name}}}" not in documented:
            yield f"{method} {documented}: needs {name}"
    if documented in _TOLD_OTHERWISE:
        return
    for violation in wrong(described.get("returns", {}), answer, "answer"):
        yield f"{method} {documented}: {violation}"


def wrong(about: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    """Yield the paths at which a value does not have the documented type."""
    kinds = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (int, bool),
        "array": (list,),
        "object": (dict,),
        "null": (type(None),),
    }.get(about.get("type", "any"))
    if about.get("type") == "number" and isinstance(value, str) and _NUMBER.fullmatch(value):
        return  # Perl tells a number as text where nothing was counted with it
    if kinds is not None and not isinstance(value, kinds):
        yield f"{where} is {value!r}, and should be {about['type']}"
        return
    if "enum" in about and value not in about["enum"]:
        yield f"{where} is {value!r}, and should be one of {about['enum']}"
    if isinstance(value, list):
        for one in value:
            yield from wrong(about.get("items", {}), one, f"{where}[]")
    if isinstance(value, dict):
        yield from _wrong_object(about, value, where)


def _wrong_object(about: Mapping[str, Any], value: dict[str, Any], where: str) -> Iterator[str]:
    known = about.get("properties", {})
    for name, described in known.items():
        if not described.get("optional") and name not in value:
            yield f"{where} lacks {name}"
    for name, content in value.items():
        described = _described(known, name)
        if described is not None:
            yield from wrong(described, content, f"{where}.{name}")
        elif known and about.get("additionalProperties") == 0:
            yield f"{where} has {name}"


def _described(known: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    numbered = re.sub(r"\d+$", "[n]", name)
    found: Mapping[str, Any] | None = known.get(name, known.get(numbered))
    return found
