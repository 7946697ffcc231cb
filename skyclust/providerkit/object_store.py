"""A place that holds files by name: a bucket, or a folder. What reads exports sees nothing else."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, Protocol

from skyclust.errors import InvalidRequest

LARGEST_DOCUMENT: Final = 8 * 1024 * 1024
"""Bytes of a JSON document that is read whole. A manifest names each file and each column: a
thousand files are a quarter of a megabyte."""


@dataclass(frozen=True)
class StoredObject:
    """An object of a store: its name, its size in bytes, and when it was written (UTC).

    `name` is relative to the store's root, with "/" between its parts: the key of a bucket, or the
    path below a folder. `etag` differs whenever the content does; a bucket's quotes are left out.
    """

    name: str
    size: int
    modified: datetime
    etag: str


class ObjectStore(Protocol):
    """Lists and opens objects. What cannot be read raises an error of the tree."""

    keeps_times: bool
    """Whether `modified` is when the source wrote an object, as in the bucket that it delivers to.
    The files of a folder may be copies, in any order."""

    @property
    def place(self) -> str:
        """What all its objects are in: `s3://bucket`, or the path of a folder."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield every object whose name begins with `prefix`, sorted by name, to the end.

        A folder or bucket that does not exist raises NotFound: it is not an empty one.
        """

    @abstractmethod
    def open(self, item: StoredObject) -> AbstractContextManager[BinaryIO]:
        """Open an object for one read from its begin, as it was listed.

        Raises NotFound where it is gone, and Conflict where it was overwritten since it was listed
        (S3: `IfMatch`). What breaks off before its end raises, and is no end of the object.
        """


def safe_parts(name: str, *, doing: str) -> tuple[str, ...]:
    """Return the parts of a relative name that a manifest wrote; refuses one that leaves its place.

    Raises InvalidRequest for an absolute name, for empty parts, "." and "..", and for characters
    that are no part of a name in a store. `doing` completes "Could not ...".
    """
    parts = tuple(name.split("/"))
    if any(part in {"", ".", ".."} or "\\" in part or not part.isprintable() for part in parts):
        raise InvalidRequest(
            f"Could not {doing}: {name!r} is not the name of a file of the export.",
            hint="A manifest may name files of its own export only. Was it edited?",
        )
    return parts


def read_json(store: ObjectStore, item: StoredObject) -> dict[str, Any]:
    """Return the JSON object that a stored document holds.

    Raises InvalidRequest where it is larger than `LARGEST_DOCUMENT`, or is not a JSON object.
    """
    with store.open(item) as stream:
        content = stream.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise InvalidRequest(
            f"{item.name} is larger than {LARGEST_DOCUMENT} bytes.", hint="Is it a manifest?"
        )
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"{item.name} is not a JSON document: {error}.",
            hint="Copy or export it again; a manifest is written last, and whole.",
        ) from error
    if not isinstance(document, dict):
        raise InvalidRequest(f"{item.name} is not a JSON object.", hint="Is it a manifest?")
    return document
