"""Objects of a bucket, listed to the end and read in blocks.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html and
API_GetObject.html. An object is read by ranges: each block is an answer of bounded size, and
`IfMatch` refuses one of an object that was overwritten in the meantime.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from providers.aws.errors import aws_errors
from skyclust.contract import BucketProvider
from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.object_store import StoredObject
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from providers.aws.client import AwsClients

BLOCK: Final = 8 * 1024 * 1024
"""Bytes of a block; at the slowest that a connection may be it arrives within its time-out."""

_PAGE: Final = 1000
"""The most objects that S3 lists in a page."""


class AwsBuckets(BucketProvider):
    """Opens buckets of S3, or of the store that the credential's endpoint leads to."""

    _clients: AwsClients

    def open_bucket(self, name: str) -> Bucket:
        """Return the bucket, in the region that the credential names for its costs."""
        return Bucket(self._clients.s3(self._clients.bucket_region), name)


@dataclass
class Bucket:
    """A bucket as a store of objects (`skyclust.providerkit.object_store.ObjectStore`)."""

    client: S3Client
    name: str
    keeps_times: bool = True

    @property
    def place(self) -> str:
        """The address of the bucket."""
        return f"s3://{self.name}"

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield every object whose key begins with `prefix`, in the order of keys.

        Raises NotFound without the bucket, and UnexpectedAnswer for a list that never ends.
        """
        doing = f"list the objects of s3://{self.name}/{prefix}"
        guard = PageGuard(doing, "aws")
        after: dict[str, Any] = {}
        while True:
            with aws_errors(doing):
                page = self.client.list_objects_v2(
                    Bucket=self.name, Prefix=prefix, MaxKeys=_PAGE, **after
                )
                if "IsTruncated" not in page:
                    raise _not_an_answer(doing)
                items = [_to_object(entry) for entry in page.get("Contents", ())]
                following = page.get("NextContinuationToken")
            yield from items
            if not page["IsTruncated"]:
                return
            guard.check(following, [item.name for item in items])
            after = {"ContinuationToken": following}

    @contextmanager
    def open(self, item: StoredObject) -> Iterator[BinaryIO]:
        """Open an object; raises NotFound where it is gone, Conflict where it was overwritten."""
        with io.BufferedReader(
            _Blocks(self.client, self.name, item), buffer_size=64 * 1024
        ) as file:
            yield cast("BinaryIO", file)


class _Blocks(io.RawIOBase):
    """The content of an object, read block by block; positions may be chosen freely."""

    def __init__(self, client: S3Client, bucket: str, item: StoredObject) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._item = item
        self._position = 0
        self._block = b""
        self._block_start = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._item.size}[whence]
        self._position = max(0, begin + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._item.size:
            return 0
        inside = self._position - self._block_start
        if not 0 <= inside < len(self._block):
            self._block, self._block_start, inside = self._fetch(), self._position, 0
        taken = self._block[inside : inside + len(buffer)]
        buffer[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)

    def _fetch(self) -> bytes:
        start = self._position
        end = min(start + BLOCK, self._item.size)
        doing = f"read s3://{self._bucket}/{self._item.name}"
        with aws_errors(doing):
            reply = self._client.get_object(
                Bucket=self._bucket,
                Key=self._item.name,
                Range=f"bytes={start}-{end - 1}",
                IfMatch=f'"{self._item.etag}"',
            )
            content = reply["Body"].read()
        if len(content) != end - start:
            raise _not_an_answer(doing)
        return content


def _to_object(entry: Any) -> StoredObject:
    return StoredObject(
        name=entry["Key"],
        size=entry["Size"],
        modified=entry["LastModified"].astimezone(UTC),
        etag=entry["ETag"].strip('"'),
    )


def _not_an_answer(doing: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"Could not {doing}: the answer is not the one of a bucket.",
        hint="Is a proxy or another service answering at the endpoint?",
        provider="aws",
    )
