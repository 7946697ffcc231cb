"""Reading what exists: one task discovers a credential's regions, others read them."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import get_run_logger, task

from skyclust.inventory import reading
from skyclust.inventory.read_liveness import ReadLiveness
from skyclust.inventory.read_plan import Read
from skyclust.inventory.reading import Reader
from skyclust.inventory.storing import ReadOptions
from skyclust.model.credential_key import CredentialKey
from skyclust.orchestration.credentials import open_provider
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED_WHILE_ANSWERING


@task(
    name="discover regions",
    task_run_name="discover regions of {credential}",
    **RETRIED_WHILE_ANSWERING,
)
def discover_regions(credential: CredentialKey, liveness: ReadLiveness) -> list[str]:
    """Return the names of the regions that the credential may use, sorted."""
    provider = open_provider(open_store(), credential.workspace_id, credential.name)
    return reading.discover_regions(provider, credential, liveness)


@task(name="read region", task_run_name="read {read}", **RETRIED_WHILE_ANSWERING)
def read_region(read: Read, options: ReadOptions, liveness: ReadLiveness) -> None:
    """Read the kinds of one region and store each as soon as its read is complete."""
    store = open_store()
    provider = open_provider(store, read.credential.workspace_id, read.credential.name)
    reader = Reader(store, options, get_run_logger())
    reading.read_region(provider, read, reader, liveness)


@task(name="read account", task_run_name="read {read}", **RETRIED_WHILE_ANSWERING)
def read_account(
    read: Read, all_regions: Sequence[str], options: ReadOptions, liveness: ReadLiveness
) -> None:
    """Read the kinds of several regions, each kind in one list of the account, and store them."""
    store = open_store()
    provider = open_provider(store, read.credential.workspace_id, read.credential.name)
    reader = Reader(store, options, get_run_logger())
    reading.read_account(provider, read, all_regions, reader, liveness)
