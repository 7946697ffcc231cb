"""Making the request of a flow from a command's options."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from typer.main import get_current_context  # type: ignore[attr-defined]  # no public name has it

from skyclust.errors import InvalidRequest
from skyclust.field_problems import Path, field_problems

_Request = TypeVar("_Request", bound=BaseModel)

_PARAMETERS: Final = {
    "filters": "where",
    "instance": "name",
    "memory_gib": "memory",
    "ssh_keys": "key",
    "wait_minutes": "wait",
}
"""The parameter of the commands by the field that is made of it, where their names differ.

Those of a field with many values may differ in the plural alone: `credentials`, `credential`.
"""

_FIELD_IN_TEXT: Final = re.compile(r"`([a-z_]+)`")


def checked(model: type[_Request], **fields: Any) -> _Request:
    """Return the request with these fields.

    Raises InvalidRequest that says what is allowed, and names each field by the option of the
    command that is running, as its user wrote it.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = "; ".join(field_problems(error, _place))
        named = _FIELD_IN_TEXT.sub(lambda match: _option(match[1]) or match[0], problems)
        raise InvalidRequest(f"The request is not valid: {named}.") from error


def _place(path: Path) -> str:
    """Return an option and what within its value is meant; an item of a list is of one option."""
    if not path:
        return ""
    field, *below = path
    option = _option(str(field)) or str(field)
    return " ".join([option, *(str(part) for part in below if not isinstance(part, int))])


def _option(field: str) -> str | None:
    """Return the option or argument of the running command that a field is made of, if any."""
    context = get_current_context(silent=True)
    if context is None:
        return None
    names = {field, field.removesuffix("s"), _PARAMETERS.get(field, field)}
    for parameter in context.command.params:
        if parameter.name in names:
            is_argument = parameter.param_type_name == "argument"
            return str(parameter.name).upper() if is_argument else max(parameter.opts, key=len)
    return None
