"""Refuses a file that is in a folder twice: its rows would be counted twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from skyclust.costs.imports.file_facts import content_digest
from skyclust.errors import InvalidRequest
from skyclust.providerkit.object_store import ObjectStore, StoredObject


def refuse_doubles(store: ObjectStore, items: Sequence[StoredObject]) -> None:
    """Raise InvalidRequest for two files of equal content, and for a file beside its gzipped self.

    Only files of equal size are read.
    """
    plain: dict[str, StoredObject] = {}
    sizes: dict[int, list[StoredObject]] = defaultdict(list)
    for item in items:
        name = item.name.removesuffix(".gz")
        if name in plain:
            raise _double(plain[name], item)
        plain[name] = item
        sizes[item.size].append(item)
    for same in sizes.values():
        contents: dict[str, StoredObject] = {}
        for item in same if len(same) > 1 else ():
            other = contents.setdefault(content_digest(store, item), item)
            if other is not item:
                raise _double(other, item)


def _double(first: StoredObject, second: StoredObject) -> InvalidRequest:
    return InvalidRequest(
        f"{first.name} and {second.name} are the same file twice.",
        hint="Remove one of them; their rows would be counted twice.",
    )
