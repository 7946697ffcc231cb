"""Asking a cloud itself, for commands that read what the inventory does not keep."""

from __future__ import annotations

from typing import TypeVar

from skyclust.cli.server import require_server

_Ability = TypeVar("_Ability")


def provider_of(workspace: str, credential: str, ability: type[_Ability]) -> _Ability:
    """Return the provider of a credential, as one that has an ability.

    Raises Unavailable when no Prefect server keeps credentials, NotFound for an unknown one,
    and Unsupported when its cloud lacks the ability.
    """
    require_server()
    from skyclust.orchestration.credentials import open_provider
    from skyclust.registry import capability
    from skyclust.store.engine import open_store

    return capability(open_provider(open_store(), workspace, credential), ability)
