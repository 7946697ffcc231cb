"""What a provider cannot do is refused by name, before anything is journalled."""

from __future__ import annotations

import pytest

from skyclust.contract import ComputeProvider, Provider, SnapshotProvider
from skyclust.errors import Unsupported
from tasks import accounts
from tasks.accounts import Account, check_ability

ACCOUNT = Account("default", "prod", "bare")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that makes machines and nothing else."""
    provider = type("BareProvider", (Provider, ComputeProvider), {"name": "bare"})
    monkeypatch.setattr(accounts, "provider_class", lambda name: provider)


def test_what_a_provider_can_do_is_let_through() -> None:
    check_ability(ACCOUNT, ComputeProvider, purpose="restore")


def test_what_it_cannot_do_is_named_with_what_needs_it() -> None:
    with pytest.raises(Unsupported) as refused:
        check_ability(ACCOUNT, SnapshotProvider, purpose="restore")
    assert refused.value.message == "Provider 'bare' has no SnapshotProvider, which restore needs."
    assert "another credential than 'prod'" in refused.value.hint
