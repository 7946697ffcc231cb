"""The base of all suites: the provider class under test, its harness, its declared gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from skyclust.conformance.harness import ProviderHarness
from skyclust.contract import Provider
from skyclust.errors import SkyClustError


class Suite:
    """Base of a test class, which sets `provider_class` and the `harness` fixture."""

    provider_class: ClassVar[type[Provider]]

    gaps: ClassVar[Mapping[str, str]] = {}
    """Reasons by test name (`test_x`, or `test_x[disk]` for one case of it)."""

    @pytest.fixture
    def harness(self) -> ProviderHarness:
        """Return the harness; every test class defines its own."""
        pytest.fail(f"{type(self).__name__} has no `harness` fixture.")

    @pytest.fixture
    def provider(self, harness: ProviderHarness) -> Provider:
        """Return a provider with a valid credential."""
        return self.provider_class(harness.credential())

    @pytest.fixture(autouse=True)
    def declared_gap(self, request: pytest.FixtureRequest) -> None:
        """Mark a test that is a declared gap as a strict xfail."""
        test = request.node
        reason = self.gaps.get(test.name) or self.gaps.get(test.originalname)
        if reason:
            test.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def assert_names_provider_and_cause(error: SkyClustError, provider: str) -> None:
    """Check that an error names its provider and carries the SDK's own error."""
    assert error.message
    assert error.provider == provider
    assert error.__cause__ is not None
