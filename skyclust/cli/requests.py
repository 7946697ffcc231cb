"""Making the request of a flow from a command's options."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from skyclust.errors import InvalidRequest

_Request = TypeVar("_Request", bound=BaseModel)


def checked(model: type[_Request], **fields: Any) -> _Request:
    """Return the request with these fields; raises InvalidRequest that says what is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        # `input` is left out: user data may hold what is not for a terminal.
        problems = [
            f"{'.'.join(str(part) for part in one['loc']) or 'request'}:"
            f" {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidRequest("The request is not valid: " + "; ".join(problems) + ".") from error
