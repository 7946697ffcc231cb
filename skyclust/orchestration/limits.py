"""How many operations may be under way at once with one credential."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound

from skyclust.orchestration.client import prefect_client

LEASE_SECONDS: Final = 60.0
"""A slot held by a process that was killed is free again after this; Prefect's least."""


def credential_limit_name(workspace_id: str, credential: str) -> str:
    """Return the name of the global concurrency limit of a credential."""
    return f"skyclust-credential-{workspace_id}-{credential}"


@contextmanager
def credential_slot(workspace_id: str, credential: str) -> Iterator[None]:
    """Hold one slot of the credential's limit; without such a limit there is nothing to hold.

    A renewal of the slot that fails does not break off the work: a machine half made is worse
    than one operation too many.
    """
    name = credential_limit_name(workspace_id, credential)
    if not _exists(name):
        yield
        return
    with concurrency(
        name, strict=True, lease_duration=LEASE_SECONDS, raise_on_lease_renewal_failure=False
    ):
        yield


def _exists(name: str) -> bool:
    with prefect_client() as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            return False
    return True
