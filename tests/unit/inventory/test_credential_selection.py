"""What a provider cannot do is refused by name, before anything is journalled."""

from __future__ import annotations

import pytest

from skyclust.contract import ComputeProvider, Provider, SnapshotProvider
from skyclust.errors import Unsupported
from skyclust.inventory import credential_selection
from skyclust.inventory.credential_selection import require_ability
from skyclust.model.credential_key import CredentialKey

CREDENTIAL = CredentialKey("default", "prod", "bare")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that creates instances and has no other ability."""
    provider = type("BareProvider", (Provider, ComputeProvider), {"name": "bare"})
    monkeypatch.setattr(credential_selection, "provider_class", lambda name: provider)


def test_an_ability_that_the_provider_has_is_accepted() -> None:
    require_ability(CREDENTIAL, ComputeProvider, purpose="restore")


def test_an_ability_that_it_lacks_is_named_with_its_purpose() -> None:
    with pytest.raises(Unsupported) as refused:
        require_ability(CREDENTIAL, SnapshotProvider, purpose="restore")
    assert refused.value.message == "Provider 'bare' has no SnapshotProvider, which restore needs."
    assert "another credential than 'prod'" in refused.value.hint
