"""What a field of a form is chosen from, where that is not known before an installation runs."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydantic import JsonValue

CHOICES: Final = "x-skyclust-choices"
"""Keyword of a field's schema: what the values are that a form offers and the server takes."""


class Choices(StrEnum):
    """What a field of a form is chosen from. The values are read from the store."""

    WORKSPACES = "workspaces"
    CREDENTIALS = "credentials"
    PROVIDERS = "providers"
    REGIONS = "regions"


def chosen_from(choices: Choices) -> dict[str, JsonValue]:
    """Return what a field's schema says of its choices; pass it as `json_schema_extra`."""
    return {CHOICES: choices.value}
