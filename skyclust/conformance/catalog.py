"""The suite of `CatalogProvider`: instance types and images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from skyclust.conformance.harness import CatalogHarness, Failure
from skyclust.conformance.instance import TOKEN, InstanceSuite
from skyclust.contract import CatalogProvider, ComputeProvider, Provider
from skyclust.errors import (
    AuthenticationFailed,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Unavailable,
)
from skyclust.model.catalog import Image, InstanceType

UNKNOWN_FAMILY: Final = "no-such-distribution-1.0"


class CatalogSuite(InstanceSuite):
    """The requirements on a provider that lists its types and images."""

    @pytest.fixture
    def catalog(self, provider: Provider) -> CatalogProvider:
        """Return the provider as a CatalogProvider."""
        assert isinstance(provider, CatalogProvider)
        return provider

    def test_types_are_listed_once(self, catalog: CatalogProvider, harness: CatalogHarness) -> None:
        """Each type is listed once, the types of the harness's instances among them."""
        types = _types(catalog, harness.region)
        names = [instance_type.name for instance_type in types]
        assert len(names) == len(set(names))
        assert {harness.spec("web").type, harness.other_type} <= set(names)
        assert harness.unknown["type"] not in names
        for each in types:
            assert (each.provider, each.region) == (self.provider_class.name, harness.region)
            assert InstanceType.model_validate(each.model_dump()) == each

    def test_an_instance_can_be_made_from_a_family(
        self, catalog: CatalogProvider, compute: ComputeProvider, harness: CatalogHarness
    ) -> None:
        """An instance can be created from the newest image of a family."""
        images = catalog.list_images(harness.region, harness.image_family)
        assert images
        for image in images:
            assert image.id
            assert image.family == harness.image_family
            assert (image.provider, image.region) == (self.provider_class.name, harness.region)
            assert Image.model_validate(image.model_dump()) == image
        spec = harness.spec("web").model_copy(update={"image": images[0].id})
        compute.create_instance(spec, TOKEN)
        assert harness.instance_count() == 1

    def test_the_newest_image_comes_first(
        self, catalog: CatalogProvider, harness: CatalogHarness
    ) -> None:
        """The first image of a list is the newest."""
        images = catalog.list_images(harness.region, harness.image_family)
        times = [image.created_at for image in images if image.created_at]
        assert times == sorted(times, reverse=True)

    def test_an_unknown_family_has_no_images(
        self, catalog: CatalogProvider, harness: CatalogHarness
    ) -> None:
        """A family that the cloud does not have is an empty list."""
        assert list(catalog.list_images(harness.region, UNKNOWN_FAMILY)) == []

    @pytest.mark.parametrize("call", ["types", "images"])
    @pytest.mark.parametrize(
        ("failure", "expected"),
        [
            (Failure.DENIED, PermissionDenied),
            (Failure.EXPIRED, AuthenticationFailed),
            (Failure.THROTTLED, Throttled),
            (Failure.BROKEN, Unavailable),
        ],
        ids=["denied", "expired", "throttled", "broken"],
    )
    def test_a_failure_raises_in_every_catalog(
        self,
        catalog: CatalogProvider,
        harness: CatalogHarness,
        call: str,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A catalog that cannot be read raises, and is never empty."""
        read: Callable[[], object] = {
            "types": lambda: _types(catalog, harness.region),
            "images": lambda: catalog.list_images(harness.region, harness.image_family),
        }[call]
        harness.fail(failure)
        with pytest.raises(expected):
            read()


def _types(catalog: CatalogProvider, region: str) -> list[InstanceType]:
    return [instance_type for page in catalog.list_instance_types(region) for instance_type in page]
