"""Parameters of a run, checked against the form of their deployment before it is triggered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from prefect.utilities.schema_tools.validation import validate

from skyclust.errors import InvalidRequest
from skyclust.model.flow_request import RESERVED, reserved_key


def check_parameters(
    deployment: str, schema: Mapping[str, Any], parameters: Mapping[str, Any]
) -> None:
    """Raise InvalidRequest when parameters do not fit a deployment's form.

    Nor may they have a key, at any depth, that Prefect would resolve before the flow sees it.
    """
    place = reserved_key(parameters)
    if place is not None:
        raise InvalidRequest(f"Deployment {deployment!r} refuses the key {place!r}: {RESERVED}.")
    known = set(schema.get("properties", {}))
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise InvalidRequest(
            f"Deployment {deployment!r} has no parameter {', '.join(map(repr, unknown))}.",
            hint=f"It takes: {', '.join(sorted(known)) or 'none'}.",
        )
    problems = validate(dict(parameters), dict(schema))
    if problems:
        problem = _deepest(problems[0])
        where = problem.json_path.removeprefix("$.")
        raise InvalidRequest(
            f"Deployment {deployment!r} refuses parameter {where!r}: {_complaint(problem)}."
        )


def _deepest(problem: Any) -> Any:
    """Return what is wrong farthest within a value that fits none of several schemas."""
    while problem.context:
        problem = max(problem.context, key=lambda one: len(one.absolute_path))
    return problem


def _complaint(problem: Any) -> str:
    """Return what is wrong with a parameter, without what was given: it may be a secret."""
    if problem.validator in {"required", "additionalProperties"}:
        return str(problem.message)  # names the fields alone
    sentence = _SENTENCES.get(problem.validator)
    if sentence is None:
        return f"it does not have the {problem.validator} {problem.validator_value!r}"
    return sentence(problem.validator_value)


def _alternatives(values: object) -> str:
    return ", ".join(map(str, values)) if isinstance(values, list) else str(values)


_TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a mapping of names to values",
    "string": "a text",
}

_SENTENCES: Final[Mapping[str, Callable[[Any], str]]] = {
    "const": lambda value: f"it must be {value}",
    "enum": lambda values: f"it must be one of: {_alternatives(values)}",
    "exclusiveMaximum": lambda bound: f"it must be less than {bound}",
    "exclusiveMinimum": lambda bound: f"it must be more than {bound}",
    "format": lambda name: f"it must be a {name}",
    "maxItems": lambda count: f"it may have {count} items at most",
    "maxLength": lambda count: f"it may have {count} characters at most",
    "maximum": lambda bound: f"it must be {bound} or less",
    "minItems": lambda count: f"it must have {count} items or more",
    "minLength": lambda count: f"it must have {count} characters or more",
    "minimum": lambda bound: f"it must be {bound} or more",
    "pattern": lambda pattern: f"it does not have the form {pattern}",
    "type": lambda name: f"it must be {_TYPES.get(name, name)}",
}
"""What is allowed, by the keyword of JSON Schema that a value does not fit."""
