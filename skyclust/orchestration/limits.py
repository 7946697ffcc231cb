"""How many changes one credential may request from a cloud at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from skyclust.errors import Unavailable
from skyclust.orchestration.client import prefect_client

_log: Final = logging.getLogger(__name__)

OPERATIONS_AT_ONCE: Final = 10
"""EC2 refills 2 to 5 mutating calls a second (EC2 API throttling, token bucket sizes): more would
wait for the cloud. What an operation waits for afterwards holds no slot."""

LEASE_SECONDS: Final = 60.0
"""A slot held by a process that was killed is free again after this; Prefect's least."""


def credential_limit_name(workspace_id: str, credential: str) -> str:
    """Return the name of the global concurrency limit of a credential, of no other's."""
    return f"skyclust:credential:{workspace_id}:{credential}"  # a slug has no colon


def former_limit_name(workspace_id: str, credential: str) -> str:
    """Return the name that the limit had before; `a-b` with `c` shared that of `a` with `b-c`."""
    return f"skyclust-credential-{workspace_id}-{credential}"


def apply_credential_limit(workspace_id: str, credential: str) -> str:
    """Make sure that a credential has its limit and return the limit's name.

    One that is there stays as an operator set it; to have none, deactivate it. A new one
    begins with what an operator set for the limit of its former name.
    """
    name = credential_limit_name(workspace_id, credential)
    with prefect_client() as client:
        if _read(client, name) is None:
            former = _read(client, former_limit_name(workspace_id, credential))
            _create(client, name, former)
    return name


def remove_credential_limit(workspace_id: str, credential: str) -> None:
    """Delete the limit of a credential that is removed; one that is not there is no error."""
    with prefect_client() as client, suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(
            credential_limit_name(workspace_id, credential)
        )


def remove_former_limits(credentials: Iterable[tuple[str, str]]) -> list[str]:
    """Delete the limits of former names of these (workspace, credential); return the names.

    Only once every one of them has its own limit: two may have shared a former one.
    """
    removed = []
    with prefect_client() as client:
        for workspace_id, credential in credentials:
            name = former_limit_name(workspace_id, credential)
            # Another bootstrap, or the credential that shared it, may have been faster.
            with suppress(ObjectNotFound):
                client.delete_global_concurrency_limit_by_name(name)
                removed.append(name)
    return removed


def reset_credential_limit(workspace_id: str, credential: str) -> bool:
    """Put a credential's limit back to what it was made with; return whether it had to be."""
    name = credential_limit_name(workspace_id, credential)
    with prefect_client() as client:
        found = client.read_global_concurrency_limit_by_name(name)
        if found.active and found.limit == OPERATIONS_AT_ONCE:
            return False
        client.update_global_concurrency_limit(
            name, GlobalConcurrencyLimitUpdate(limit=OPERATIONS_AT_ONCE, active=True)
        )
        return True


@contextmanager
def credential_slot(workspace_id: str, credential: str) -> Iterator[None]:
    """Hold one slot of the credential's limit, which is made with its first operation.

    Raises Unavailable when the Prefect server does not answer. A renewal of the slot
    that fails does not break off the work: an instance half created is worse than one operation too
    many.
    """
    name = apply_credential_limit(workspace_id, credential)
    slot = concurrency(
        name, strict=True, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False
    )
    try:
        slot.__enter__()
    except ConcurrencySlotAcquisitionError as error:
        raise Unavailable(f"The Prefect server gave no slot of {name!r}: {error}") from error
    try:
        yield
    finally:
        try:
            slot.__exit__(None, None, None)
        except httpx.HTTPError as error:
            # What the cloud answered must not be lost for it; the lease ends by itself.
            _log.warning("A slot of %s is free again when its lease ends: %s", name, error)


def _read(client: SyncPrefectClient, name: str) -> GlobalConcurrencyLimitResponse | None:
    try:
        return client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        return None


def _create(
    client: SyncPrefectClient, name: str, former: GlobalConcurrencyLimitResponse | None
) -> None:
    limit = GlobalConcurrencyLimitCreate(name=name, limit=OPERATIONS_AT_ONCE)
    if former is not None:
        limit = limit.model_copy(update={"limit": former.limit, "active": former.active})
    # Another operation of the credential may have been faster.
    with suppress(ObjectAlreadyExists):
        client.create_global_concurrency_limit(limit)
