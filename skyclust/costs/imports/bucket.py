"""Makes deliveries of the objects of a bucket, as of the files of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from skyclust.contract.cost import CostDelivery
from skyclust.costs.imports.folder import deliveries_of
from skyclust.model.object_address import ObjectAddress
from skyclust.providerkit.object_store import ObjectStore, StoredObject


def deliveries_in_bucket(
    bucket: ObjectStore,
    address: ObjectAddress,
    *,
    source: str,
    complete: tuple[date, date] | None = None,
) -> Iterator[CostDelivery]:
    """Yield the deliveries of the objects below an address, or of the one object that it names.

    They are those of `deliveries_in`. Raises NotFound where there is nothing to import: an empty
    folder of a bucket is no month without charges.
    """
    items = list(objects_at(bucket, address.key))
    yield from deliveries_of(bucket, items, source=source, complete=complete, place=str(address))


def objects_at(bucket: ObjectStore, key: str) -> Iterator[StoredObject]:
    """Yield the objects below a folder of a bucket, or else the object of this key.

    Objects of a longer name beside them, such as `bills-old/` beside `bills`, are not meant. The
    consoles of S3 make an empty object with a slash at its end for a folder.
    """
    some = False
    for item in bucket.list(f"{key}/" if key else ""):
        if not item.name.endswith("/"):
            some = True
            yield item
    if key and not some:
        yield from (item for item in bucket.list(key) if item.name == key)
