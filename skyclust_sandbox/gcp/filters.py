"""The filters of list methods, in both syntaxes that Compute Engine accepts.

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

Predicate = Callable[[Resource], bool]

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


class _InvalidFilter(Exception):
    """The text is not a valid filter expression."""


def read_filter(text: str) -> Predicate:
    """Return the predicate of a filter expression; raises Refused for an invalid expression."""
    try:
        return _Parser(_tokens(text)).parse()
    except (_InvalidFilter, re.error) as error:
        raise invalid("filter", text, "Invalid list filter expression.") from error


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return the tokens of an expression as pairs of kind and value."""
    tokens: list[tuple[str, str]] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        matched = _TOKEN.match(text, position)
        if matched is None or matched.lastgroup is None:
            raise _InvalidFilter
        kind = matched.lastgroup
        value = matched[kind]
        if kind in ("double", "single"):
            kind, value = "literal", re.sub(r"\\(.)", r"\1", value)
        tokens.append((kind, value))
        position = matched.end()
    return tokens


class _Parser:
    """A recursive descent parser. `rest` has the tokens that are not parsed yet."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def parse(self) -> Predicate:
        """Return the predicate of all tokens."""
        predicate = self._alternatives()
        if self.rest:
            raise _InvalidFilter
        return predicate

    def _alternatives(self) -> Predicate:
        """Parse terms that are joined by OR."""
        predicate = self._conjunction()
        while self._skip("OR"):
            predicate = _either(predicate, self._conjunction())
        return predicate

    def _conjunction(self) -> Predicate:
        """Parse terms that are joined by AND or by nothing."""
        predicate = self._term()
        while self.rest and self.rest[0] not in (("close", ")"), ("word", "OR")):
            self._skip("AND")
            predicate = _both(predicate, self._term())
        return predicate

    def _term(self) -> Predicate:
        """Parse a comparison, a parenthesised expression, or the negation of either."""
        if self._skip("NOT"):
            return _not(self._term())
        kind, value = self._take()
        if kind == "open":
            predicate = self._alternatives()
            if self._take()[0] != "close":
                raise _InvalidFilter
            return predicate
        if kind != "word":
            raise _InvalidFilter
        return self._comparison(value)

    def _comparison(self, field: str) -> Predicate:
        kind, sign = self._take()
        if kind == "word" and sign in ("eq", "ne"):
            pattern = re.compile(self._value())
            return _matches_pattern(field, pattern, expected=sign == "eq")
        if kind != "operator":
            raise _InvalidFilter
        return _compares(field, sign, self._value())

    def _value(self) -> str:
        kind, value = self._take()
        if kind not in ("word", "literal"):
            raise _InvalidFilter
        # The colon of an unquoted URL is an operator token of its own.
        while kind == "word" and self.rest and self.rest[0] == ("operator", ":"):
            self._take()
            value += ":" + self._take()[1]
        return value

    def _take(self) -> tuple[str, str]:
        if not self.rest:
            raise _InvalidFilter
        token, *self.rest = self.rest
        return token

    def _skip(self, word: str) -> bool:
        if self.rest and self.rest[0] == ("word", word):
            self.rest = self.rest[1:]
            return True
        return False


def _both(first: Predicate, second: Predicate) -> Predicate:
    return lambda resource: first(resource) and second(resource)


def _either(first: Predicate, second: Predicate) -> Predicate:
    return lambda resource: first(resource) or second(resource)


def _not(predicate: Predicate) -> Predicate:
    return lambda resource: not predicate(resource)


def _matches_pattern(field: str, pattern: re.Pattern[str], *, expected: bool) -> Predicate:
    """Return the predicate of `eq` and `ne`, which compare with a regular expression."""

    def predicate(resource: Resource) -> bool:
        matches = any(pattern.fullmatch(_text(value)) for value in _values(resource, field))
        return matches is expected

    return predicate


def _compares(field: str, sign: str, value: str) -> Predicate:
    def predicate(resource: Resource) -> bool:
        actual_values = _values(resource, field)
        if sign == "!=":
            return all(_text(actual) != value for actual in actual_values)
        return any(_holds(actual, sign, value) for actual in actual_values)

    return predicate


def _holds(actual: object, sign: str, value: str) -> bool:
    """Return whether a comparison is true; numbers compare as numbers, all else as text."""
    text = _text(actual)
    if sign == "=":
        return text == value
    if sign == ":":
        return fnmatchcase(text, value) or value in re.split(r"[^\w-]+", text)
    try:
        return _COMPARISONS[sign](float(text), float(value))
    except ValueError:
        return _COMPARISONS[sign]((text > value) - (text < value), 0)


def _values(resource: Resource, field: str) -> list[object]:
    """Return the values of a field by its dotted path, with lists replaced by their items."""
    values: list[object] = [resource]
    for part in field.split("."):
        values = [value[part] for value in values if isinstance(value, dict) and part in value]
        values = [
            item for value in values for item in (value if isinstance(value, list) else [value])
        ]
    return values


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
