"""How many operations may be under way at once with one credential."""

from __future__ import annotations

from typing import Final

from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectNotFound

from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.limits import credential_limit_name
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store

OPERATIONS_AT_ONCE: Final = 10
"""EC2 refills 2 to 5 mutating calls a second (EC2 API throttling, "token bucket sizes")."""


def apply_limits(store: Store) -> list[str]:
    """Make sure that each credential of each workspace has its limit; return their names.

    A limit that is there stays as an operator set it.
    """
    with store.reading() as connection:
        names = [
            credential_limit_name(workspace.id, credential.name)
            for workspace in workspaces.list_all(connection)
            for credential in credentials.list_all(connection, workspace.id)
        ]
    with prefect_client() as client:
        for name in names:
            try:
                client.read_global_concurrency_limit_by_name(name)
            except ObjectNotFound:
                client.create_global_concurrency_limit(
                    GlobalConcurrencyLimitCreate(name=name, limit=OPERATIONS_AT_ONCE)
                )
    return names
