"""Validators for the fields of a credential that every cloud shares.

Each returns the value that is kept, and raises ValueError, which pydantic turns into an error
that names the field. No message repeats the value: it may be a secret in the wrong field.
"""

from __future__ import annotations

import re
from typing import TypeVar

from pydantic import SecretStr

Text = TypeVar("Text", str, SecretStr, str | SecretStr | None, str | None, SecretStr | None)


def plain_text(value: object) -> object:
    """Return the text of a secret, and any other value as it is."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def is_empty(value: object) -> bool:
    """Return whether a field was left empty: a form sends the empty string for it."""
    return plain_text(value) in (None, "")


def refuse_whitespace(value: Text) -> Text:
    """Return a key or token that has no whitespace; a copied line break is never part of one."""
    content = plain_text(value)
    if isinstance(content, str) and re.search(r"\s", content):
        raise ValueError("contains a blank or a line break: copy it again")
    return value


def require_match(value: Text, pattern: re.Pattern[str], message: str) -> Text:
    """Return a value that is absent or that the whole pattern matches; else raise the message."""
    content = plain_text(value)
    if isinstance(content, str) and not pattern.fullmatch(content):
        raise ValueError(message)
    return value


def base_address(value: str | None) -> str | None:
    """Return the base URL of a service without trailing slashes: paths are appended to it.

    `check_endpoint` has refused a query and a fragment before, for `endpoint` and for every field
    of the type `Endpoint`.
    """
    return value.rstrip("/") if value else value
