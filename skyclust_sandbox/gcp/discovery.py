"""Google's discovery documents: the methods of the APIs and the schemas of their bodies.

The documents are those that google-api-python-client ships
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

# The REST reference documents this parameter for every list method, but this revision of the
# discovery document for none.
PARTIAL_SUCCESS: Final = "returnPartialSuccess"

# google-cloud-bigquery sends it with bigquery.jobs.get, whose description has it for lists only.
PROJECTION: Final = "projection"


@dataclass(frozen=True)
class Method:
    """A method of an API, with its id such as `compute.instances.insert`.

    `pattern` matches its paths, `query` has its query parameters, `request` and `response` are
    the names of the schemas of its bodies.
    """

    id: str
    http_method: str
    pattern: re.Pattern[str]
    query: Mapping[str, Mapping[str, Any]]
    request: str | None
    response: str | None

    @property
    def collection(self) -> str:
        """The collection in the id, such as `instances`."""
        return self.id.split(".")[-2]

    @property
    def action(self) -> str:
        """The last part of the id, such as `insert`."""
        return self.id.split(".")[-1]


@dataclass(frozen=True)
class Api:
    """The methods of an API by id, and the schemas of their bodies by name.

    `routes` has the methods by HTTP method and number of slashes in the path.
    """

    methods: Mapping[str, Method]
    schemas: Mapping[str, Mapping[str, Any]]
    routes: Mapping[tuple[str, int], tuple[Method, ...]]

    def match(self, http_method: str, path: str) -> tuple[Method, Mapping[str, str]] | None:
        """Return the method for a path and its path parameters, None when no method matches."""
        for method in self.routes.get((http_method, path.count("/")), ()):
            matched = method.pattern.fullmatch(path)
            if matched is not None:
                return method, matched.groupdict()
        return None


@cache
def api(name: str) -> Api:
    """Return an API by the name of its discovery document, such as `compute.v1`."""
    document = json.loads(
        files("googleapiclient")
        .joinpath(f"discovery_cache/documents/{name}.json")
        .read_text(encoding="utf-8")
    )
    base = "/" + document["servicePath"]
    methods = [_method(description, base, document) for description in _descriptions(document)]
    routes: dict[tuple[str, int], list[Method]] = {}
    for method in methods:
        # The pattern of a path parameter, `[^/:]+`, has a slash that is not part of the path.
        slashes = method.pattern.pattern.count("/") - method.pattern.pattern.count("[^/")
        routes.setdefault((method.http_method, slashes), []).append(method)
    return Api(
        {method.id: method for method in methods},
        document["schemas"],
        {route: tuple(of_route) for route, of_route in routes.items()},
    )


def _descriptions(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the descriptions of all methods in a discovery document or a part of it."""
    yield from node.get("methods", {}).values()
    for resource in node.get("resources", {}).values():
        yield from _descriptions(resource)


def _method(description: Mapping[str, Any], base: str, document: Mapping[str, Any]) -> Method:
    query = {
        name: parameter
        for name, parameter in description.get("parameters", {}).items()
        if parameter["location"] == "query"
    }
    query.update(document["parameters"])
    if description["id"].endswith((".list", ".aggregatedList")):
        query[PARTIAL_SUCCESS] = {"type": "boolean"}
    if description["id"] == "bigquery.jobs.get":
        query[PROJECTION] = {"type": "string"}
    return Method(
        id=description["id"],
        http_method=description["httpMethod"],
        pattern=_pattern(base + description.get("flatPath", description["path"])),
        query=query,
        request=description.get("request", {}).get("$ref"),
        response=description.get("response", {}).get("$ref"),
    )


def _pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a path template such as `/v1/projects/{project}:setIamPolicy`."""
    parts = re.split(r"\{\+?(\w+)\}", template)
    return re.compile(
        "".join(
            re.escape(part) if number % 2 == 0 else f"(?P<{part}>[^/:]+)"
            for number, part in enumerate(parts)
        )
    )


def violations(
    schemas: Mapping[str, Mapping[str, Any]], schema: str, content: object, *, strict: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield the violations of a schema, each with the path of the field and a description.

    The path of the whole body is "". With `strict`, as for responses, 64 bit integers must be
    strings; requests may have them as numbers too.
    """
    yield from _check(schemas, schemas[schema], content, "", strict)


def normalised(schemas: Mapping[str, Mapping[str, Any]], schema: str, content: Any) -> Any:
    """Return a request body without output only fields, and with 64 bit integers as strings."""
    return _normalised(schemas, schemas[schema], content)


def _normalised(
    schemas: Mapping[str, Mapping[str, Any]], schema: Mapping[str, Any], content: Any
) -> Any:
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    if isinstance(content, dict):
        properties = schema.get("properties", {})
        additional = schema.get("additionalProperties", {})
        return {
            name: _normalised(schemas, properties.get(name, additional), value)
            for name, value in content.items()
            if not properties.get(name, {}).get("readOnly")
        }
    if isinstance(content, list):
        return [_normalised(schemas, schema["items"], item) for item in content]
    if schema.get("format") in ("int64", "uint64") and schema["type"] == "string":
        return str(content)
    return content


def _check(
    schemas: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    content: object,
    path: str,
    strict: bool,
) -> Iterator[tuple[str, str]]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    schema_type = schema.get("type")
    if schema_type == "object":
        yield from _check_object(schemas, schema, content, path, strict)
    elif schema_type == "array":
        if not isinstance(content, list):
            yield path, "Proto field is repeated, the value is not a list."
            return
        for number, item in enumerate(content):
            yield from _check(schemas, schema["items"], item, f"{path}[{number}]", strict)
    elif schema_type in _TYPES:
        yield from _check_scalar(schema, content, path, strict)


def _check_object(
    schemas: Mapping[str, Mapping[str, Any]],
    schema: Mapping[str, Any],
    content: object,
    path: str,
    strict: bool,
) -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict):
        yield path, "Proto field is not repeating, cannot start list or scalar."
        return
    properties = schema.get("properties", {})
    additional = schema.get("additionalProperties")
    for name, value in content.items():
        field_schema = properties.get(name, additional)
        if field_schema is None:
            yield path, f'Unknown name "{name}": Cannot find field.'
        else:
            field_path = f"{path}.{name}" if path else name
            yield from _check(schemas, field_schema, value, field_path, strict)


def _check_scalar(
    schema: Mapping[str, Any], content: object, path: str, strict: bool
) -> Iterator[tuple[str, str]]:
    schema_type, form = schema["type"], schema.get("format")
    # JSON has 64 bit integers as strings, because JavaScript numbers lose precision; Google
    # accepts numbers in requests too.
    if schema_type == "string" and form in ("int64", "uint64") and not strict:
        content = str(content) if isinstance(content, int) else content
    right_type = isinstance(content, _TYPES[schema_type])
    if not right_type or (schema_type != "boolean" and isinstance(content, bool)):
        yield path, f"Invalid value ({content!r}), expected {schema_type}."
    elif form in ("int64", "uint64") and not str(content).lstrip("-").isdigit():
        yield path, f"Invalid value ({content!r}), expected {form}."
    elif "enum" in schema and content not in schema["enum"]:
        yield path, f'Invalid value at "{path}": {content!r}'
