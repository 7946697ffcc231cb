"""Parameters of a run, checked against the form of their deployment before it is triggered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    return f"it does not have the {problem.validator} {problem.validator_value!r}"
