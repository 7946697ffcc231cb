"""Access to a cloud itself, for commands that read what the inventory does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from skyclust.cli.server import require_server

_Ability = TypeVar("_Ability")


@contextmanager
def provider_of(workspace: str, credential: str, ability: type[_Ability]) -> Iterator[_Ability]:
    """Yield the provider of a credential, as one that has an ability.

    Raises Unavailable when no Prefect server keeps credentials, NotFound for an unknown
    credential, and Unsupported when its cloud lacks the ability. An error of the provider from
    outside the error tree is raised as UnexpectedAnswer.
    """
    require_server()
    from skyclust.orchestration.credentials import open_provider
    from skyclust.providerkit.provider_errors import provider_errors
    from skyclust.registry import capability
    from skyclust.store.engine import open_store

    provider = open_provider(open_store(), workspace, credential)
    with provider_errors(
        provider.name, f"call the cloud of credential {credential!r} of workspace {workspace!r}"
    ):
        yield capability(provider, ability)


def require_usable(workspace: str, names: Sequence[str]) -> None:
    """Return when the workspace has all these credentials; blocks made by hand are registered.

    Raises Unavailable when no Prefect server keeps credentials, NotFound for an unknown one,
    and what is wrong with a block that cannot be used.
    """
    require_server()
    from skyclust.orchestration.credentials import find_credential
    from skyclust.store.engine import open_store

    store = open_store()
    for name in sorted(set(names)):
        find_credential(store, workspace, name)


def default_region(workspace: str, credential: str) -> str:
    """Return the region in which a credential works by default.

    Raises Unavailable when no Prefect server keeps credentials, InvalidRequest when the
    credential names no region.
    """
    require_server()
    from skyclust.orchestration import default_region as regions
    from skyclust.store.engine import open_store

    return regions.default_region(open_store(), workspace, credential)
