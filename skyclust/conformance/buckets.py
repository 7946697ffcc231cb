"""The suite of `BucketProvider`: all objects of a bucket, or an error."""

from __future__ import annotations

import io

import pytest

from skyclust.conformance.harness import BucketHarness, Failure
from skyclust.conformance.suite import Suite
from skyclust.contract import BucketProvider, Provider
from skyclust.errors import (
    AuthenticationFailed,
    Conflict,
    NotFound,
    SkyClustError,
    Throttled,
    Unavailable,
)
from skyclust.providerkit.object_store import ObjectStore

OBJECTS = {f"bills/part-{number}.csv": b"BilledCost\n" * number for number in range(1, 5)}


class BucketSuite(Suite):
    """The requirements on a provider that reads buckets."""

    @pytest.fixture
    def buckets(self, provider: Provider) -> BucketProvider:
        """Return the provider as a BucketProvider."""
        assert isinstance(provider, BucketProvider)
        return provider

    @pytest.fixture
    def bucket(self, buckets: BucketProvider, harness: BucketHarness) -> ObjectStore:
        """Return a bucket with `OBJECTS`."""
        return buckets.open_bucket(harness.fill_bucket(OBJECTS))

    def test_a_bucket_lists_each_object(self, bucket: ObjectStore, harness: BucketHarness) -> None:
        """Each object below a prefix is listed once, in the order of names, page by page."""
        listed = {item.name: item.size for item in bucket.list("bills/")}
        assert listed == {name: len(content) for name, content in OBJECTS.items()}
        assert list(listed) == sorted(listed)
        harness.limit_bucket_pages(1)
        assert {item.name: item.size for item in bucket.list("bills/")} == listed
        assert list(bucket.list("other/")) == []

    def test_an_object_reads_as_it_was_written(self, bucket: ObjectStore) -> None:
        """An object is read whole, and from any position: parquet begins at its end."""
        item = list(bucket.list())[-1]
        with bucket.open(item) as stream:
            assert stream.read() == OBJECTS[item.name]
            stream.seek(-4, io.SEEK_END)
            assert stream.read() == OBJECTS[item.name][-4:]

    def test_an_overwritten_object_is_not_read(
        self, bucket: ObjectStore, harness: BucketHarness
    ) -> None:
        """An object that was written anew since it was listed raises Conflict."""
        item = next(iter(bucket.list()))
        harness.fill_bucket({item.name: b"another"})
        with pytest.raises(Conflict), bucket.open(item) as stream:
            stream.read()

    def test_a_bucket_that_does_not_exist_is_not_an_empty_one(
        self, buckets: BucketProvider
    ) -> None:
        """The list of an unknown bucket raises NotFound."""
        with pytest.raises(NotFound, match="no-such-bucket") as raised:
            list(buckets.open_bucket("no-such-bucket").list())
        assert raised.value.provider == self.provider_class.name

    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (Failure.EXPIRED, AuthenticationFailed),
            (Failure.THROTTLED, Throttled),
            (Failure.BROKEN, Unavailable),
        ],
    )
    def test_a_failure_is_no_empty_bucket(
        self,
        bucket: ObjectStore,
        harness: BucketHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A list, and an object, that cannot be read raise with the object's name."""
        item = next(iter(bucket.list()))
        harness.fail(failure)
        with pytest.raises(expected, match="bills/"):
            list(bucket.list("bills/"))
        with pytest.raises(expected, match=item.name), bucket.open(item) as stream:
            stream.read()
