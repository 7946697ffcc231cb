"""What is wrong with the fields of a request or a file, in sentences of people.

The words of pydantic are those of Python's types ("Input should be a valid tuple"). Here each kind
of error says what is allowed (https://docs.pydantic.dev/latest/errors/validation_errors/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Path = tuple[int | str, ...]
"""Where in the request an error is: names of fields, and numbers of items of a list."""

MOST_PROBLEMS: Final = 20
"""Problems of one request that are named."""

_NUMBER: Final = "must be a number"
_WHOLE_NUMBER: Final = "must be a whole number"
_BOOLEAN: Final = "must be true or false"
_DAY: Final = "must be a day, such as 2026-01-31"
_TIME: Final = "must be a time, such as 2026-01-31T14:30:00Z"
_LIST: Final = "must be a list"
_MAPPING: Final = "must be a mapping of names to values"

SENTENCES: Final[Mapping[str, str]] = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "date_from_datetime_inexact": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_parsing": _DAY,
    "date_type": _DAY,
    "datetime_from_date_parsing": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "decimal_max_digits": "may have {max_digits} digits at most",
    "decimal_max_places": "may have {decimal_places} digits behind the point at most",
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_whole_digits": "may have {whole_digits} digits before the point at most",
    "dict_type": _MAPPING,
    "enum": "must be one of {expected}",
    "extra_forbidden": "is not known",
    "finite_number": _NUMBER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "frozen_set_type": _LIST,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": "has too many digits",
    "int_type": _WHOLE_NUMBER,
    "is_instance_of": "must be a {class}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "list_type": _LIST,
    "literal_error": "must be one of {expected}",
    "mapping_type": _MAPPING,
    "missing": "is missing",
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "set_type": _LIST,
    "string_pattern_mismatch": "does not have the form {pattern}",
    "string_sub_type": "must be a text",
    "string_too_long": "may have {max_length} characters at most",
    "string_too_short": "must have {min_length} characters or more",
    "string_type": "must be a text",
    "string_unicode": "must be a text",
    "timezone_aware": "must have a time zone",
    "too_long": "may have {max_length} items at most",
    "too_short": "must have {min_length} items or more",
    "tuple_type": _LIST,
    "union_tag_invalid": "{discriminator} must be one of {expected_tags}",
    "union_tag_not_found": "{discriminator} is missing",
}
"""What to say of an error by its type; the names in braces are those of its context."""


def dotted(path: Path) -> str:
    """Return a path as the author of a file or the caller of an API writes it: `prices.2.to`."""
    return ".".join(str(part) for part in path)


def field_problems(error: ValidationError, place: Callable[[Path], str] = dotted) -> list[str]:
    """Return a sentence for each problem, `PLACE: what is allowed there`, without what was given.

    What was given is left out since it may be a secret, or not be for a terminal. A message of a
    validator of ours stands as it is.
    """
    details = error.errors(include_input=False, include_url=False)
    return [
        ": ".join(filter(None, (place(one["loc"]), _sentence(one))))
        for one in details[:MOST_PROBLEMS]
    ]


def _sentence(problem: ErrorDetails) -> str:
    sentence = SENTENCES.get(problem["type"])
    if sentence is None:
        return problem["msg"].removeprefix("Value error, ")
    return sentence.format(**problem.get("ctx", {}))
