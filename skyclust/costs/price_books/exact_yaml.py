"""YAML whose numbers are exact: a fraction becomes the Decimal that is written, never a float."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any, Final

from skyclust.errors import InvalidRequest
from skyclust.plain_yaml import load_plain_yaml

LONGEST: Final = 1_000_000
"""Characters of a document; a longer one is refused before it is parsed."""

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FRACTION: Final = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]{1,2})?")


def load_exact_yaml(text: str) -> object:
    """Return what a YAML document holds, with Decimal for each number with a fraction.

    Raises InvalidRequest for what is not YAML, for aliases, for a key that is there twice, and
    for numbers that YAML 1.1 reads as others than they look: `010` is eight, `1:30` is ninety
    (https://yaml.org/type/int.html).
    """
    import yaml  # noqa: PLC0415 - a tenth of a second, as in skyclust.plain_yaml

    if len(text) > LONGEST:
        raise InvalidRequest(f"The document has more than {LONGEST} characters.")
    try:
        load_plain_yaml(text)
        return yaml.load(text, Loader=_loader())  # noqa: S506  # a SafeLoader with fewer types
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"The document is not YAML that can be read: {_one_line(error)}",
            hint="Write plain mappings and lists; put a number that looks odd in quotes.",
        ) from error


@cache
def _loader() -> Any:
    import yaml  # noqa: PLC0415 - see above

    class Loader(yaml.SafeLoader):
        """A loader of plain values without floats."""

    def integer(loader: Any, node: Any) -> int:
        if not _INTEGER.fullmatch(node.value):
            raise _odd(node, "is not a plain number")
        return int(node.value)

    def fraction(loader: Any, node: Any) -> Decimal:
        if not _FRACTION.fullmatch(node.value):
            raise _odd(node, "is not a plain number")
        return Decimal(node.value)

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise _odd(node.value[number][0], "is there twice")
        values = (loader.construct_object(value, deep=True) for _, value in node.value)
        return dict(zip(keys, values, strict=True))

    def _odd(node: Any, problem: str) -> yaml.YAMLError:
        return yaml.constructor.ConstructorError(
            None, None, f"{getattr(node, 'value', '')!r} {problem}", node.start_mark
        )

    Loader.add_constructor("tag:yaml.org,2002:int", integer)
    Loader.add_constructor("tag:yaml.org,2002:float", fraction)
    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return Loader


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
