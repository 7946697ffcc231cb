"""What a flow makes of an OpenStack: services that hang one by one, machines that stand still."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust.security.keyring import generate_key
from skyclust.store import scopes
from skyclust.store.engine import Store, open_store
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox
from tests.fixtures.prefect import PrefectServer

pytestmark = pytest.mark.integration

SILENCE = 3


@pytest.fixture
def office(
    prefect_server: PrefectServer,
    migrated_home: object,
    openstack_sandbox: OpenStackSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Store, str]]:
    """A store with a credential of the sandbox's project, and its name."""
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    store = open_store()
    name = f"office-{uuid4().hex[:8]}"
    values = OpenStackHarness(openstack_sandbox).credential().model_dump(exclude_unset=True)
    values["password"] = openstack_sandbox.password
    save_credential(store, "default", name, "openstack", values)
    yield store, name
    store.dispose()


def _scopes(store: Store, name: str) -> list[Scope]:
    with store.reading() as connection:
        return scopes.list_all(connection, "default", credentials=[name])


def test_a_glance_that_hangs_makes_its_own_kind_stale_alone(
    office: tuple[Store, str],
    openstack_sandbox: OpenStackSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neutron's kinds, which come after, are fresh, and the reason names Glance."""
    store, name = office
    request = {"credentials": [name]}
    before = run_here("sync-inventory", request)
    assert before.succeeded, before.message
    read_at = {scope.key: scope.completed_at for scope in _scopes(store, name)}
    monkeypatch.setenv("SKYCLUST_SILENCE_SECONDS", str(SILENCE))
    hangs = Fault(
        kind=FaultKind.DELAY, action="image.*", region=openstack_sandbox.region, seconds=12
    )
    openstack_sandbox.inject(hangs)
    outcome = run_here("sync-inventory", request)

    assert outcome.partial, outcome.message
    for scope in _scopes(store, name):
        hung = (scope.key.region, scope.key.kind) == (openstack_sandbox.region, ResourceKind.IMAGE)
        assert scope.state is (ScopeState.STALE if hung else ScopeState.FRESH), scope.key
        if hung:
            assert f"{openstack_sandbox.region} Glance gave no answer for 3 s" in str(scope.error)
        else:
            assert scope.completed_at != read_at[scope.key]


def test_a_paused_machine_is_not_resized_and_nobody_waits(
    office: tuple[Store, str], openstack_sandbox: OpenStackSandbox
) -> None:
    """It stays paused until somebody starts it: retries would wait for nothing."""
    _, name = office
    harness = OpenStackHarness(openstack_sandbox)
    [machine] = harness.seed(ResourceKind.INSTANCE, 1)
    harness.act(machine, {"pause": None})
    time.sleep(openstack_sandbox.transition_seconds * 3)
    parameters = {
        "action": "resize",
        "instance": machine,
        "type": "m1.medium",
        "credential": name,
        "region": harness.region,
    }
    began = time.monotonic()
    outcome = run_here("change-instance", parameters)

    assert outcome.state_type == "FAILED"
    assert "is PAUSED" in outcome.message
    assert "Start it first." in outcome.message
    assert time.monotonic() - began < 25
