"""Google's own description of its APIs: which calls there are, and what bodies look like.

The documents are the discovery documents that google-api-python-client ships
(https://developers.google.com/discovery/v1/reference/apis).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}

# The reference has it for every list, this revision of the document for none.
PARTIAL_SUCCESS: Final = "returnPartialSuccess"


@dataclass(frozen=True)
class Method:
    """One call of an API. `id` is Google's: `compute.instances.insert`."""

    id: str
    verb: str
    pattern: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]
    request: str | None
    response: str | None

    @property
    def collection(self) -> str:
        """The resource that it belongs to: `instances`."""
        return self.id.split(".")[-2]

    @property
    def action(self) -> str:
        """What it does: `insert`."""
        return self.id.split(".")[-1]


@dataclass(frozen=True)
class Api:
    """One API: its calls, and the schemas of their bodies."""

    methods: Mapping[str, Method]
    schemas: Mapping[str, Mapping[str, Any]]
    routes: Mapping[tuple[str, int], tuple[Method, ...]]

    def match(self, verb: str, path: str) -> tuple[Method, Mapping[str, str]] | None:
        """Return the call of a path, and the parameters in it; None when there is none."""
        for method in self.routes.get((verb, path.count("/")), ()):
            matched = method.pattern.fullmatch(path)
            if matched is not None:
                return method, matched.groupdict()
        return None


@cache
def api(name: str) -> Api:
    """Return an API by the name of its document: `compute.v1`."""
    document = json.loads(
        files("googleapiclient")
        .joinpath(f"discovery_cache/documents/{name}.json")
        .read_text(encoding="utf-8")
    )
    base = "/" + document["servicePath"]
    methods = {
        made.id: made for made in (_method(one, base, document) for one in _methods(document))
    }
    routes: dict[tuple[str, int], list[Method]] = {}
    for method in methods.values():
        slashes = method.pattern.pattern.count("/") - method.pattern.pattern.count("[^/")
        routes.setdefault((method.verb, slashes), []).append(method)
    return Api(methods, document["schemas"], {key: tuple(one) for key, one in routes.items()})


def _methods(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from _methods(resource)


def _method(described: Mapping[str, Any], base: str, document: Mapping[str, Any]) -> Method:
    parameters = described.get("parameters", {})
    query = {name: one for name, one in parameters.items() if one["location"] == "query"}
    query.update(document["parameters"])
    if described["id"].endswith((".list", ".aggregatedList")):
        query[PARTIAL_SUCCESS] = {"type": "boolean"}
    return Method(
        id=described["id"],
        verb=described["httpMethod"],
        pattern=_pattern(base + described.get("flatPath", described["path"])),
        query=query,
        request=described.get("request", {}).get("$ref"),
        response=described.get("response", {}).get("$ref"),
    )


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path such as `/v1/projects/{project}:testIamPermissions`."""
    parts = re.split(r"\{\+?(\w+)\}", path)
    return re.compile(
        "".join(
            re.escape(part) if number % 2 == 0 else f"(?P<{part}>[^/:]+)"
            for number, part in enumerate(parts)
        )
    )


def violations(
    schemas: Mapping[str, Mapping[str, Any]], schema: str, content: object, *, strict: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield where a body breaks its schema, and how; the top of it is "".

    `strict` also holds numbers to their formats and strings to their enumerations, as replies
    have to keep them.
    """
    yield from _check(schemas, schemas[schema], content, "", strict)


def normalised(schemas: Mapping[str, Mapping[str, Any]], schema: str, content: Any) -> Any:
    """Return a body as Google reads it: without what is output only, long numbers as strings."""
    return _normal(schemas, schemas[schema], content)


def _normal(
    schemas: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any], content: Any
) -> Any:
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(content, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        return {
            name: _normal(schemas, known.get(name, others), value)
            for name, value in content.items()
            if not known.get(name, {}).get("readOnly")
        }
    if isinstance(content, list):
        return [_normal(schemas, schema["items"], one) for one in content]
    if schema.get("format") in ("int64", "uint64") and schema["type"] == "string":
        return str(content)
    return content


def _check(
    schemas: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    content: object,
    where: str,
    strict: bool,
) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type")
    if kind == "object":
        yield from _check_object(schemas, schema, content, where, strict)
    elif kind == "array":
        if not isinstance(content, list):
            yield where, "Proto field is repeated, the value is not a list."
            return
        for number, item in enumerate(content):
            yield from _check(schemas, schema["items"], item, f"{where}[{number}]", strict)
    elif kind in _TYPES:
        yield from _check_scalar(schema, content, where, strict)


def _check_object(
    schemas: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    content: object,
    where: str,
    strict: bool,
) -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict):
        yield where, "Proto field is not repeating, cannot start list or scalar."
        return
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, value in content.items():
        known = properties.get(name, others)
        below = f"{where}.{name}" if where else name
        if known is None:
            yield where, f'Unknown name "{name}": Cannot find field.'
        else:
            yield from _check(schemas, known, value, below, strict)


def _check_scalar(
    schema: Mapping[str, Any], content: object, where: str, strict: bool
) -> Iterator[tuple[str, str]]:
    kind, form = schema["type"], schema.get("format")
    # 64 bit integers are strings, for JavaScript's sake; Google reads numbers too.
    if kind == "string" and form in ("int64", "uint64") and not strict:
        content = str(content) if isinstance(content, int) else content
    right_type = isinstance(content, _TYPES[kind])
    if not right_type or (kind != "boolean" and isinstance(content, bool)):
        yield where, f"Invalid value ({content!r}), expected {kind}."
    elif form in ("int64", "uint64") and not str(content).lstrip("-").isdigit():
        yield where, f"Invalid value ({content!r}), expected {form}."
    elif "enum" in schema and content not in schema["enum"]:
        yield where, f'Invalid value at "{where}": {content!r}'
