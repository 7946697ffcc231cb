"""Collecting costs: a task reads the deliveries of an account, prices by a book, or imports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from prefect import get_run_logger, task

from skyclust.costs.collection import priced
from skyclust.costs.collection.account import AccountCosts, collect_account
from skyclust.costs.collection.bucket import import_bucket
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.folder import allowed_folder, import_folder
from skyclust.costs.collection.importing import described
from skyclust.model.credential_key import CredentialKey
from skyclust.model.object_address import ObjectAddress
from skyclust.orchestration.credentials import open_provider
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED


@task(name="collect costs", task_run_name="collect costs of {credential}", **RETRIED)
def collect_costs_of_account(
    credential: CredentialKey, start: date, end: date, options: CollectionOptions
) -> AccountCosts:
    """Apply the deliveries of an account for [start, end), and read the source's own totals.

    A delivery that fails for good is in the result; one that may succeed later is tried again.
    """
    store = open_store()
    provider = open_provider(store, credential.workspace_id, credential.name)
    return collect_account(store, provider, credential, start, end, options, get_run_logger())


@task(name="price by book", task_run_name="price by {book} of {workspace_id}", **RETRIED)
def price_by_book(  # noqa: PLR0917  # a range of days has two ends
    workspace_id: str,
    book: str,
    start: date,
    end: date,
    options: CollectionOptions,
    only: Collection[str] | None,
) -> AccountCosts:
    """Price what the inventory knew of each day in [start, end) by a price book, and apply it.

    With `only` the accounts of the named credentials are priced, else all that the book covers.
    """
    return priced.price_by_book(
        open_store(), workspace_id, book, start, end, options, get_run_logger(), only=only
    )


@task(name="import costs", **RETRIED)
def import_costs(
    workspace_id: str, folder: str, source: str | None, options: CollectionOptions
) -> AccountCosts:
    """Apply the deliveries of a folder that the operator of the worker allows."""
    return import_folder(
        open_store(),
        workspace_id,
        allowed_folder(folder),
        options,
        get_run_logger(),
        source=source,
    )


@task(name="import bucket", task_run_name="import costs with {credential}", **RETRIED)
def import_costs_of_bucket(
    credential: CredentialKey,
    address: ObjectAddress,
    source: str | None,
    options: CollectionOptions,
) -> AccountCosts:
    """Apply the deliveries below an address of a bucket that the credential reads.

    A delivery that fails for good is in the result; one that may succeed later is tried again.
    """
    store = open_store()
    log = get_run_logger()
    imported = import_bucket(
        store,
        credential.workspace_id,
        open_provider(store, credential.workspace_id, credential.name),
        address,
        options,
        log,
        source=source,
        begun=lambda delivery: log.info("reading %s", described(delivery)),
    )
    if imported.collected.transient is not None:
        raise imported.collected.transient
    return imported
