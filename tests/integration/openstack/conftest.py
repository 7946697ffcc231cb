"""The OpenStack provider and the sandbox, for tests of what is specific to OpenStack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from providers.openstack.credential import OpenStackCredential
from providers.openstack.provider import OpenStackProvider
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.openstack.server import RunningServer

SETTLE_SECONDS = 0.3


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK retries without pauses, and concurrent creates settle as fast as the sandbox."""
    monkeypatch.setattr("keystoneauth1.session.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("providers.openstack.duplicate_servers.SETTLE_SECONDS", SETTLE_SECONDS)
    monkeypatch.setattr("providers.openstack.creation.SETTLE_SECONDS", SETTLE_SECONDS)


@pytest.fixture
def harness(openstack_sandbox: OpenStackSandbox) -> OpenStackHarness:
    """The sandbox, accessed as its administrator."""
    return OpenStackHarness(openstack_sandbox)


@pytest.fixture
def provider(harness: OpenStackHarness) -> OpenStackProvider:
    """The provider with the credential of the project's member."""
    return OpenStackProvider(harness.credential())


@pytest.fixture
def server(provider: OpenStackProvider, harness: OpenStackHarness) -> RunningServer:
    """A running server without a public address."""
    return RunningServer(provider, harness)


def provider_for(
    sandbox: OpenStackSandbox, user: str, password: str, **changes: Any
) -> OpenStackProvider:
    """Return a provider for another user of the sandbox's project."""
    values = {
        "endpoint": sandbox.auth_url,
        "username": user,
        "password": password,
        "user_domain_name": sandbox.domain,
        "project_name": sandbox.project,
        "project_domain_name": sandbox.domain,
        **changes,
    }
    return OpenStackProvider(OpenStackCredential.model_validate(values))
