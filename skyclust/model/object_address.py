"""The address of objects in a bucket: `s3://bucket/prefix`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_SCHEME: Final = re.compile(r"s3://", re.IGNORECASE)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; a bucket of a store
# that speaks S3 may have a longer name with other characters, and no slash.
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", re.ASCII)


@dataclass(frozen=True)
class ObjectAddress:
    """A bucket, and the object or folder in it that is meant; an empty `key` is all of it."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def is_object_address(text: str) -> bool:
    """Return whether a text names objects of a bucket, and not a path of this computer."""
    return _SCHEME.match(text.strip()) is not None


def parse_object_address(text: str) -> ObjectAddress:
    """Return the address that a text names; slashes at its end are left out.

    Raises ValueError for a text that is no address.
    """
    match = _SCHEME.match(text.strip())
    bucket, _, key = text.strip()[match.end() if match else 0 :].partition("/")
    if match is None or not _BUCKET.fullmatch(bucket) or not key.isprintable():
        raise ValueError(f"{text!r} is not the address of a bucket or folder: s3://bucket/prefix")
    return ObjectAddress(bucket, key.rstrip("/"))
