"""Lists that are incomplete without an error, or wrong."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_items import Item
from skyclust.conformance.memory_translation import NATIVE_KINDS, cloud_errors, to_resource
from skyclust.errors import (
    AuthenticationFailed,
    IncompleteList,
    InvalidRequest,
    PermissionDenied,
    SkyClustError,
    UnexpectedAnswer,
)
from skyclust.model.resource import Resource, ResourceKind

Pages = Iterator[Sequence[Resource]]


class WrongCredentialsAreAnEmptyCloud(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except AuthenticationFailed:
            return


class DeniedRegionIsEmpty(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except PermissionDenied:
            return


class UnknownRegionIsEmpty(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except InvalidRequest:
            return


class AttachedToIsNoList(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [
                disk.model_copy(update={"attributes": disk.attributes | {"attached_to": "web"}})
                for disk in page
            ]


class LaterPagesFailSilently(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        pages = super().list_resources(region, kind, page_size=page_size)
        yield next(pages)
        try:
            yield from pages
        except SkyClustError:
            return


class ReadsTheFirstPageOnly(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        yield next(super().list_resources(region, kind, page_size=page_size))


class DropsTheLastPage(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        pages = list(super().list_resources(region, kind, page_size=page_size))
        yield from pages[:-1] if len(pages) > 1 else pages


class RepeatsAPage(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield page
        yield page


class SplitsOnePageIntoMany(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind):
            yield from ([resource] for resource in page)


class IgnoresThePageSize(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        yield from super().list_resources(region, kind)


class ListsNothingOfAnUnsupportedKind(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        if kind in self.kinds:
            yield from super().list_resources(region, kind, page_size=page_size)


class ListsEveryRegionEverywhere(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for each in self.regions():
            yield from super().list_resources(each, kind, page_size=page_size)


class SharesItsMarkerBetweenThreads(MemoryProvider):
    """Keeps the marker of the next page in the object."""

    _marker = ""

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        self._marker = ""
        while True:
            with cloud_errors():
                items, self._marker = self._cloud().list_items(
                    self._key, region, NATIVE_KINDS[kind], limit=page_size, after=self._marker
                )
            time.sleep(0.001)
            yield [_resource(region, kind, item.id) for item in items]
            if not self._marker:
                return


class ReturnsNaiveTimes(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, created_at=datetime(2026, 1, 1)) for resource in page]  # noqa: DTZ001


class PutsObjectsIntoAttributes(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, attributes={"made": resource.created_at}) for resource in page]


class DropsTheNativeState(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, native_state=None) for resource in page]


class ReadsDifferentlyEachTime(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in super().list_resources(region, kind, page_size=page_size):
            yield [_with(resource, attributes={"etag": uuid.uuid4().hex}) for resource in page]


class ListsWhatIsDeleted(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Pages:
        for page in self._pages(region, NATIVE_KINDS[kind], page_size):
            yield [_resource(region, kind, item.id) for item in page]


def _with(resource: Resource, **values: object) -> Resource:
    """Return a changed copy that the model did not validate, as a fast adapter does."""
    return resource.model_copy(update=values)


def _resource(region: str, kind: ResourceKind, resource_id: str) -> Resource:
    return Resource(provider=MemoryProvider.name, region=region, kind=kind, id=resource_id)


class ReadsAnOddAnswerAsAnEmptyList(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except UnexpectedAnswer:
            return


class ReadsAnEndlessList(MemoryProvider):
    def _pages(self, region: str, native_kind: str, limit: int | None) -> Iterator[list[Item]]:
        marker = ""
        while True:
            with cloud_errors():
                page, marker = self._cloud().list_items(
                    self._key, region, native_kind, limit=limit, after=marker
                )
            yield page
            if not marker:
                return


class LeavesOutUnreadableItems(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        try:
            yield from super().list_resources(region, kind, page_size=page_size)
        except IncompleteList:
            return


class FailsForOneOddItem(MemoryProvider):
    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        for page in self._pages(region, NATIVE_KINDS[kind], page_size):
            yield [to_resource(region, kind, item) for item in page if item.status != "ended"]
