"""The Azure provider against the sandbox, and an operator to prepare resources with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from providers.azure.client import AzureClients
from providers.azure.credential import AzureCredential
from providers.azure.provider import AzureProvider
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.azure.cost_management.bill import sample_bill
from skyclust_sandbox.billing.bill import Bill
from tests.conformance.azure import IMAGE, REGION
from tests.conformance.azure_operator import AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.billed_sample import SAMPLE

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"
URN = ":".join(IMAGE.values())

Spec = Callable[..., InstanceSpec]
Becomes = Callable[[Instance, InstanceState], Instance]


@pytest.fixture(autouse=True)
def _no_retry_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = "azure.core.pipeline.transport.HttpTransport.sleep"
    monkeypatch.setattr(sleep, lambda transport, seconds: None)


@pytest.fixture
def credential(azure_sandbox: AzureSandbox) -> AzureCredential:
    """Return the credential of the main subscription's service principal."""
    return AzureCredential.model_validate(
        {
            "subscription_id": azure_sandbox.subscription_id,
            "tenant_id": azure_sandbox.tenant_id,
            "client_id": azure_sandbox.client_id,
            "client_secret": azure_sandbox.client_secret,
            "endpoint": azure_sandbox.endpoint,
            "authority": azure_sandbox.endpoint,
        }
    )


@pytest.fixture
def clients(credential: AzureCredential) -> AzureClients:
    """Return the clients of the credential."""
    return AzureClients(credential)


@pytest.fixture
def provider(credential: AzureCredential) -> AzureProvider:
    """Return a provider for the sandbox's main subscription."""
    return AzureProvider(credential)


@pytest.fixture
def operator(azure_sandbox: AzureSandbox) -> AzureOperator:
    """Return a second principal that works in the subscription."""
    return AzureOperator(azure_sandbox, REGION, IMAGE)


@pytest.fixture
def spec() -> Spec:
    """Return a function that returns the spec of a small instance."""

    def small(**changes: Any) -> InstanceSpec:
        values = {"name": "web", "region": REGION, "type": "Standard_B2s", "image": URN}
        return InstanceSpec.model_validate(values | changes)

    return small


@pytest.fixture
def becomes(provider: AzureProvider) -> Becomes:
    """Return a function that waits until an instance has a state."""

    def wait(instance: Instance, state: InstanceState) -> Instance:
        result = wait_for_state(
            provider, instance.reference, state, deadline_seconds=20, poll_seconds=0.02
        )
        assert result is not None
        return result

    return wait


@pytest.fixture
def running(provider: AzureProvider, spec: Spec, becomes: Becomes) -> Instance:
    """Return a running instance."""
    return becomes(provider.create_instance(spec(), TOKEN), InstanceState.RUNNING)


@pytest.fixture
def today() -> date:
    """Return the day before which the bill has charges."""
    return datetime.now(UTC).date()


@pytest.fixture
def bill(azure_sandbox: AzureSandbox, today: date) -> Bill:
    """Return the bill of the sandbox, which is that of a sample."""
    azure_sandbox.bill_sample(SAMPLE)
    return sample_bill(SAMPLE, today)
