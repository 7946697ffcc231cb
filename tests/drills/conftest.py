"""The drills use the installation of the flows' tests, and accounts of all five clouds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust.security.keyring import generate_key
from skyclust.store.engine import Store, open_store
from tests.drills.clouds import HARNESSES, Cloud, open_cloud
from tests.drills.cost_collections import collection
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.sampling import sampled
from tests.flows.conftest import installation

__all__ = ["collection", "installation"]


@pytest.fixture
def drill_store(
    prefect_server: PrefectServer, migrated_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """A store of its own, and a key."""
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    store = open_store()
    yield store
    store.dispose()


@pytest.fixture(params=sorted(HARNESSES))
def cloud(request: pytest.FixtureRequest, drill_store: Store) -> Cloud:
    """Each of the five clouds, as a new account finds it."""
    return open_cloud(request.param, drill_store, request, "sandbox")


@pytest.fixture(params=sampled(sorted(HARNESSES), lambda cloud: cloud == "gcp", at_random=1))
def estate(request: pytest.FixtureRequest, drill_store: Store) -> Cloud:
    """GCP and a random other cloud with the estate of a company; all five in `make drills`.

    AWS has a fault drill of its own.
    """
    return open_cloud(request.param, drill_store, request, "estate")
