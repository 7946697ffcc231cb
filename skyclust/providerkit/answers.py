"""Checks of what a cloud answers, before anything is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyclust.errors import UnexpectedAnswer


def require_object(answer: object, *, doing: str, provider: str) -> Mapping[str, Any]:
    """Return an answer that is a JSON object; raises UnexpectedAnswer for any other.

    `doing` says in the error what the call was for, as in "list the servers of RegionOne".
    """
    if not isinstance(answer, Mapping):
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer is {_kind(answer)} in place of a JSON object.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider=provider,
        )
    return answer


def require_list(answer: object, key: str, *, doing: str, provider: str) -> list[Any]:
    """Return the list that an answer holds under a key.

    An answer without its list is no empty list: it raises UnexpectedAnswer, as does one in
    which something else stands there, null included.
    """
    found = require_object(answer, doing=doing, provider=provider)
    if not isinstance(found.get(key), list):
        stands = f"{_kind(found[key])} as its" if key in found else "no"
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer has {stands} {key!r}.",
            hint="Is a proxy or another service answering at the endpoint?",
            provider=provider,
        )
    return list(found[key])


def _kind(value: object) -> str:
    names = {type(None): "null", str: "a text", list: "a list", dict: "an object", bytes: "bytes"}
    return names.get(type(value), f"a {type(value).__name__}")
