"""Checks of a cloud's answer before its fields are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyclust.errors import UnexpectedAnswer


def require_object(answer: object, *, doing: str, provider: str) -> Mapping[str, Any]:
    """Return an answer that is a JSON object; raises UnexpectedAnswer for any other answer.

    `doing` completes "Could not ..." in the error: "list the servers of RegionOne".
    """
    if not isinstance(answer, Mapping):
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer is {_kind(answer)} instead of a JSON object.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider=provider,
        )
    return answer


def require_list(answer: object, key: str, *, doing: str, provider: str) -> list[Any]:
    """Return the list under a key of an answer.

    An answer without the list is not an empty list: it raises UnexpectedAnswer, as does any other
    value under the key, null included.
    """
    content = require_object(answer, doing=doing, provider=provider)
    if not isinstance(content.get(key), list):
        value = f"{_kind(content[key])} as its" if key in content else "no"
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer has {value} {key!r}.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider=provider,
        )
    return list(content[key])


def _kind(value: object) -> str:
    names = {type(None): "null", str: "a text", list: "a list", dict: "an object", bytes: "bytes"}
    return names.get(type(value), f"a {type(value).__name__}")
