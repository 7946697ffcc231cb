"""The filters of lists, in both of the languages that Compute Engine reads.

See the `filter` parameter in
https://cloud.google.com/compute/docs/reference/rest/v1/instances/list.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final

from skyclust_sandbox.gcp.responses import Resource, invalid

Matches = Callable[[Resource], bool]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<open>\()|(?P<close>\))|(?P<operator><=|>=|!=|=|<|>|:)"
    r'|"(?P<double>(?:[^"\\]|\\.)*)"|\'(?P<single>(?:[^\'\\]|\\.)*)\'|(?P<word>[^\s()=!<>:"\']+))'
)
_COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class _Unreadable(Exception):
    """The text is no filter."""


def read_filter(text: str) -> Matches:
    """Return what tells whether a resource matches; raises a refusal for what is no filter."""
    try:
        matches = _Reader(_tokens(text)).whole()
    except (_Unreadable, re.error) as error:
        raise invalid("filter", text, "Invalid list filter expression.") from error
    return matches


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        matched = _TOKEN.match(text, position)
        if matched is None or matched.lastgroup is None:
            raise _Unreadable
        kind = matched.lastgroup
        value = matched[kind]
        if kind in ("double", "single"):
            kind, value = "literal", re.sub(r"\\(.)", r"\1", value)
        tokens.append((kind, value))
        position = matched.end()
    return tokens


class _Reader:
    """Reads a filter from its tokens. `rest` is what is not read yet."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def whole(self) -> Matches:
        """Read all there is."""
        matches = self.alternatives()
        if self.rest:
            raise _Unreadable
        return matches

    def alternatives(self) -> Matches:
        """Read terms joined by OR."""
        matches = self._all()
        while self._skip("OR"):
            matches = _either(matches, self._all())
        return matches

    def _all(self) -> Matches:
        matches = self._one()
        while self.rest and self.rest[0] not in (("close", ")"), ("word", "OR")):
            self._skip("AND")
            matches = _both(matches, self._one())
        return matches

    def _one(self) -> Matches:
        if self._skip("NOT"):
            return _not(self._one())
        kind, value = self._take()
        if kind == "open":
            matches = self.alternatives()
            if self._take()[0] != "close":
                raise _Unreadable
            return matches
        if kind != "word":
            raise _Unreadable
        return self._comparison(value)

    def _comparison(self, name: str) -> Matches:
        kind, sign = self._take()
        if kind == "word" and sign in ("eq", "ne"):
            pattern = re.compile(self._value())
            return _regular(name, pattern, wanted=sign == "eq")
        if kind != "operator":
            raise _Unreadable
        return _compared(name, sign, self._value())

    def _value(self) -> str:
        kind, value = self._take()
        if kind not in ("word", "literal"):
            raise _Unreadable
        # A link without quotes is cut at its colon.
        while kind == "word" and self.rest and self.rest[0] == ("operator", ":"):
            self._take()
            value += ":" + self._take()[1]
        return value

    def _take(self) -> tuple[str, str]:
        if not self.rest:
            raise _Unreadable
        taken, *self.rest = self.rest
        return taken

    def _skip(self, word: str) -> bool:
        if self.rest and self.rest[0] == ("word", word):
            self.rest = self.rest[1:]
            return True
        return False


def _both(one: Matches, other: Matches) -> Matches:
    return lambda resource: one(resource) and other(resource)


def _either(one: Matches, other: Matches) -> Matches:
    return lambda resource: one(resource) or other(resource)


def _not(one: Matches) -> Matches:
    return lambda resource: not one(resource)


def _regular(name: str, pattern: re.Pattern[str], *, wanted: bool) -> Matches:
    def matches(resource: Resource) -> bool:
        found = any(pattern.fullmatch(_written(value)) for value in _values(resource, name))
        return found is wanted

    return matches


def _compared(name: str, sign: str, value: str) -> Matches:
    def matches(resource: Resource) -> bool:
        values = _values(resource, name)
        if sign == "!=":
            return all(_written(one) != value for one in values)
        return any(_holds(one, sign, value) for one in values)

    return matches


def _holds(found: object, sign: str, value: str) -> bool:
    written = _written(found)
    if sign == "=":
        return written == value
    if sign == ":":
        return fnmatchcase(written, value) or value in re.split(r"[^\w-]+", written)
    try:
        return _COMPARISONS[sign](float(written), float(value))
    except ValueError:
        return _COMPARISONS[sign]((written > value) - (written < value), 0)


def _values(resource: Resource, name: str) -> list[object]:
    """Return what a field holds, every item of it when it is a list."""
    found: list[object] = [resource]
    for part in name.split("."):
        found = [one[part] for one in found if isinstance(one, dict) and part in one]
        found = [item for one in found for item in (one if isinstance(one, list) else [one])]
    return found


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
