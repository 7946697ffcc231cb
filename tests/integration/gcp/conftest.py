"""Providers for the sandbox GCP, and instances in it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from providers.gcp.credential import GcpCredential
from providers.gcp.provider import GcpProvider
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.operations.waiting import wait_for_state
from tests.fixtures.gcp import GcpSandbox

REGION = "europe-west3"
ZONE = "europe-west3-a"
TOKEN = "6a1f6c0e-0b43-4d6c-8a47-0d3f0e3c2b11"

Wait = Callable[[Instance, InstanceState], Instance | None]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are with_retries as often as ever, without waiting in between."""
    monkeypatch.setattr("providers.gcp.retries.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("providers.gcp.operations.FIRST_POLL_SECONDS", 0.02)


def credential_of(sandbox: GcpSandbox, account: str = "skyclust") -> GcpCredential:
    """Return a credential with the key of a service account of the sandbox."""
    values = {
        "service_account_info": sandbox.service_account_key(account),
        "endpoint": sandbox.endpoint,
    }
    return GcpCredential.model_validate(values)


def provider_of(sandbox: GcpSandbox, account: str = "skyclust") -> GcpProvider:
    """Return a provider with the key of a service account of the sandbox."""
    return GcpProvider(credential_of(sandbox, account))


@pytest.fixture
def gcp(gcp_sandbox: GcpSandbox) -> GcpProvider:
    """The provider in a new project."""
    return provider_of(gcp_sandbox)


@pytest.fixture
def spec() -> InstanceSpec:
    """The spec of a small instance that can be created."""
    return InstanceSpec(name="web", region=REGION, type="e2-small", image="ubuntu-24.04")


@pytest.fixture
def wait(gcp: GcpProvider) -> Wait:
    """A function that waits until an instance has a state."""

    def until(instance: Instance, state: InstanceState) -> Instance | None:
        return wait_for_state(
            gcp, instance.reference, state, deadline_seconds=20, poll_seconds=0.02
        )

    return until


@pytest.fixture
def instance(gcp: GcpProvider, spec: InstanceSpec, wait: Wait) -> Instance:
    """A running instance."""
    made = wait(gcp.create_instance(spec, TOKEN), InstanceState.RUNNING)
    assert made is not None
    return made


@pytest.fixture
def billed(gcp_sandbox: GcpSandbox) -> GcpSandbox:
    """The sandbox with the bill of two instances."""
    gcp_sandbox.bill_sample(2)
    return gcp_sandbox
