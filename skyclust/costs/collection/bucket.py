"""Importing the objects of a bucket, read with a credential of the workspace."""

from __future__ import annotations

from datetime import date

from skyclust.contract import BucketProvider, Provider
from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.importing import (
    IMPORTED,
    Begun,
    ignore,
    import_deliveries,
    named,
    source_of,
)
from skyclust.costs.imports.bucket import deliveries_in_bucket
from skyclust.errors import Unsupported
from skyclust.log import Log
from skyclust.model.object_address import ObjectAddress
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store.engine import Store


def import_bucket(  # noqa: PLR0917  # as `import_folder`, with who reads the bucket
    store: Store,
    workspace_id: str,
    provider: Provider,
    address: ObjectAddress,
    options: CollectionOptions,
    log: Log,
    *,
    source: str | None = None,
    complete: tuple[date, date] | None = None,
    begun: Begun = ignore,
) -> AccountCosts:
    """Apply the deliveries below an address of a bucket, and return what became of each.

    As `import_folder` for the objects that the provider's credential reads. Raises Unsupported for
    the credential of a cloud whose buckets are not read, NotFound where the bucket does not exist
    or nothing is to import, PermissionDenied where the credential may not list it, and the first
    error of a list that could not be read.
    """
    if not isinstance(provider, BucketProvider):
        raise Unsupported(
            f"{address} cannot be read with a credential of {provider.name!r}: it reads no"
            " buckets.",
            hint="Name a credential of AWS, or one whose endpoint is a store that speaks S3.",
            provider=provider.name,
        )
    name = named(source, source_name(address))
    with provider_errors(provider.name, f"import {address}"):
        deliveries = deliveries_in_bucket(
            provider.open_bucket(address.bucket),
            address,
            source=f"{IMPORTED}:{name}",
            complete=complete,
        )
        return import_deliveries(store, workspace_id, name, deliveries, options, log, begun=begun)


def source_name(address: ObjectAddress) -> str:
    """Return the last part of an address without extensions, as the name of a source."""
    last = address.key.rpartition("/")[2] or address.bucket
    return source_of(last.split(".", 1)[0] or last)
