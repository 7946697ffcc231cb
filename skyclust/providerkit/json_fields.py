"""Reading the fields of a cloud's JSON answer, without replacing missing values by others.

A field that is absent or null is None (or empty, where a list or an object is read): clouds leave
out what has no value. A field of another type than the API documents raises UnexpectedAnswer with
its name, so that its item is unreadable and no other (`skyclust.providerkit.items`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyclust.errors import UnexpectedAnswer


@dataclass(frozen=True)
class JsonFields:
    """Reads fields for one provider, which its errors name.

    A provider's fields.py binds the methods to names of its own:

        _FIELDS = JsonFields("azure")
        text = _FIELDS.text

    The objects come from a JSON parser, so only `dict` and `list` themselves are accepted. An
    object may also be an entry of an unchecked list: reading a field of any other value raises
    UnexpectedAnswer.
    """

    provider: str

    def value(self, item: Mapping[str, Any], key: str) -> Any:
        """Return a field as it is, None where it is absent."""
        try:
            return item.get(key)
        except AttributeError:  # cheaper than a check: a list has 100,000s of fields
            raise UnexpectedAnswer(
                f"It is of type {type(item).__name__} and not an object.", provider=self.provider
            ) from None

    def text(self, item: Mapping[str, Any], key: str) -> str | None:
        """Return a text; None where it is absent, null or empty."""
        value = self.value(item, key)
        if value is None or isinstance(value, str):
            return value or None
        raise self.wrong_type(key, value, "a text")

    def required_text(self, item: Mapping[str, Any], key: str) -> str:
        """Return a text that every object of its kind has; raises UnexpectedAnswer without it."""
        value = self.text(item, key)
        if value is None:
            raise self.missing(key)
        return value

    def integer(self, item: Mapping[str, Any], key: str) -> int | None:
        """Return a whole number, None where it is absent, null or the empty text.

        A number may be written as a text: JSON of 64-bit integers does so
        (https://protobuf.dev/programming-guides/json/).
        """
        value = self.value(item, key)
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
            return int(value)
        raise self.wrong_type(key, value, "a whole number")

    def required_integer(self, item: Mapping[str, Any], key: str) -> int:
        """Return a whole number that every object of its kind has."""
        value = self.integer(item, key)
        if value is None:
            raise self.missing(key)
        return value

    def number(self, item: Mapping[str, Any], key: str) -> int | float | None:
        """Return a number, None where it is absent or null."""
        value = self.value(item, key)
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            return value
        raise self.wrong_type(key, value, "a number")

    def flag(self, item: Mapping[str, Any], key: str) -> bool | None:
        """Return true or false, None where it is absent or null."""
        value = self.value(item, key)
        if value is None or isinstance(value, bool):
            return value
        raise self.wrong_type(key, value, "true or false")

    def inner(self, item: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Return the object under a key, an empty one where it is absent or null."""
        value = self.value(item, key)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        raise self.wrong_type(key, value, "an object")

    def items(self, item: Mapping[str, Any], key: str) -> list[Any]:
        """Return a list, empty where it is absent or null."""
        value = self.value(item, key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise self.wrong_type(key, value, "a list")

    def objects(self, item: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the objects of a list, in its order; empty where there is no list."""
        values = self.items(item, key)
        for value in values:
            if not isinstance(value, dict):
                raise self.wrong_type(key, value, "a list of objects", within="has an entry")
        return values

    def texts(self, item: Mapping[str, Any], key: str) -> list[str]:
        """Return the texts of a list, in its order; empty where there is no list."""
        values = self.items(item, key)
        for value in values:
            if not isinstance(value, str):
                raise self.wrong_type(key, value, "a list of texts", within="has an entry")
        return values

    def text_pairs(self, item: Mapping[str, Any], key: str) -> dict[str, str]:
        """Return the texts of an object by their keys, such as tags; null ones are left out."""
        pairs = {name: text for name, text in self.inner(item, key).items() if text is not None}
        for name, value in pairs.items():
            if not isinstance(value, str):
                raise self.wrong_type(f"{key}.{name}", value, "a text")
        return pairs

    def missing(self, key: str) -> UnexpectedAnswer:
        """Return the error for an object that lacks what every object of its kind has."""
        return UnexpectedAnswer(f"It has no {key!r}.", provider=self.provider)

    def wrong_type(
        self, key: str, value: object, expected: str, *, within: str = "is"
    ) -> UnexpectedAnswer:
        """Return the error for a field of another type than the API documents."""
        return UnexpectedAnswer(
            f"Its {key!r} {within} of type {type(value).__name__} instead of {expected}.",
            provider=self.provider,
        )
