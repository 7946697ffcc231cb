"""The five providers with credentials that lead to an attacker's endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyclust.contract import Provider
from skyclust.registry import provider_class
from skyclust_sandbox.credentials import CREDENTIALS

CLOUDS = tuple(CREDENTIALS)


def credential_values(cloud: str, endpoint: str) -> dict[str, Any]:
    """Return the fields of a credential of a cloud whose every address is this endpoint."""
    return dict(CREDENTIALS[cloud](endpoint))


def opened(cloud: str, values: Mapping[str, Any]) -> Provider:
    """Return the provider of a cloud with a credential, as the worker opens it."""
    cls = provider_class(cloud)
    return cls(cls.credential_model.model_validate(dict(values)))
