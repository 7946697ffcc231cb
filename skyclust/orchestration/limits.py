"""How many operations may be under way at once with one credential."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from skyclust.orchestration.client import prefect_client

OPERATIONS_AT_ONCE: Final = 10
"""EC2 refills 2 to 5 mutating calls a second (EC2 API throttling, token bucket sizes), and an
operation makes few: more would wait for the cloud."""

LEASE_SECONDS: Final = 60.0
"""A slot held by a process that was killed is free again after this; Prefect's least."""


def credential_limit_name(workspace_id: str, credential: str) -> str:
    """Return the name of the global concurrency limit of a credential."""
    return f"skyclust-credential-{workspace_id}-{credential}"


def apply_credential_limit(workspace_id: str, credential: str) -> str:
    """Make sure that a credential has its limit and return the limit's name.

    One that is there stays as an operator set it; to have none, deactivate it.
    """
    name = credential_limit_name(workspace_id, credential)
    with prefect_client() as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            _create(client, name)
    return name


@contextmanager
def credential_slot(workspace_id: str, credential: str) -> Iterator[None]:
    """Hold one slot of the credential's limit, which is made with its first operation.

    A renewal of the slot that fails does not break off the work: a machine half made is worse
    than one operation too many.
    """
    name = apply_credential_limit(workspace_id, credential)
    with concurrency(
        name, strict=True, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False
    ):
        yield


def _create(client: SyncPrefectClient, name: str) -> None:
    limit = GlobalConcurrencyLimitCreate(name=name, limit=OPERATIONS_AT_ONCE)
    # Another operation of the credential may have been faster.
    with suppress(ObjectAlreadyExists):
        client.create_global_concurrency_limit(limit)
