"""Reading the fields of Azure's JSON without inventing any.

Azure leaves fields out, or writes null, where there is nothing to say; both read the same here.
A field of another type than the API documents raises UnexpectedAnswer: it says nothing that
could be relied on. Things are what a JSON parser makes: the checks are for `dict` and `list`
themselves, for a list has hundreds of thousands of fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from skyclust.errors import UnexpectedAnswer

_NOTHING: Final[Mapping[str, Any]] = {}


def text(thing: Mapping[str, Any], name: str) -> str | None:
    """Return a text; None where there is none, or an empty one."""
    try:
        value = thing.get(name)
    except AttributeError:
        raise _no_object(thing) from None
    if value is None or isinstance(value, str):
        return value or None
    raise _odd(name, value, "a text")


def required(thing: Mapping[str, Any], name: str) -> str:
    """Return a text that everything of its kind has; raises UnexpectedAnswer without it."""
    value = text(thing, name)
    if value is None:
        raise UnexpectedAnswer(f"Azure tells no {name!r} of it.", provider="azure")
    return value


def number(thing: Mapping[str, Any], name: str) -> int | float | None:
    """Return a number, None where there is none."""
    try:
        value = thing.get(name)
    except AttributeError:
        raise _no_object(thing) from None
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise _odd(name, value, "a number")


def flag(thing: Mapping[str, Any], name: str) -> bool | None:
    """Return true or false, None where Azure tells neither."""
    try:
        value = thing.get(name)
    except AttributeError:
        raise _no_object(thing) from None
    if value is None or isinstance(value, bool):
        return value
    raise _odd(name, value, "true or false")


def inner(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object within a thing, an empty one where there is none."""
    try:
        value = thing.get(name)
    except AttributeError:
        raise _no_object(thing) from None
    if value is None:
        return _NOTHING
    if isinstance(value, dict):
        return value
    raise _odd(name, value, "an object")


def objects(thing: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list, in its order; empty where there is no list.

    An entry that is null is one that tells nothing, and not one less.
    """
    value = _list(thing, name)
    for one in value:
        if not isinstance(one, dict):
            break
    else:
        return value
    if all(one is None or isinstance(one, dict) for one in value):
        return [one or _NOTHING for one in value]
    raise _odd(name, value, "a list of objects")


def texts(thing: Mapping[str, Any], name: str) -> list[str]:
    """Return the texts of a list, in its order; empty where there is no list."""
    value = _list(thing, name)
    for one in value:
        if not isinstance(one, str):
            raise _odd(name, one, "a text")
    return [one for one in value if one]


def _list(thing: Mapping[str, Any], name: str) -> list[Any]:
    try:
        value = thing.get(name)
    except AttributeError:
        raise _no_object(thing) from None
    if value is None:
        return []
    if not isinstance(value, list):
        raise _odd(name, value, "a list")
    return value


def _no_object(thing: object) -> UnexpectedAnswer:
    # An entry of a list may be anything.
    return UnexpectedAnswer(
        f"It is of the type {type(thing).__name__} and no object.", provider="azure"
    )


def _odd(name: str, value: object, wanted: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"Its {name!r} is of the type {type(value).__name__} and not {wanted}.", provider="azure"
    )
