"""The Proxmox VE provider on the sandbox cluster, and an administrator's client."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import BareClient, ProxmoxSandbox

Spec = Callable[..., InstanceSpec]


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.proxmox.tasks.FIRST_PAUSE", 0.02)
    monkeypatch.setattr("providers.proxmox.tasks.LONGEST_PAUSE", 0.05)


@pytest.fixture
def provider(proxmox_sandbox: ProxmoxSandbox) -> ProxmoxProvider:
    """Return a provider for a new cluster."""
    return ProxmoxProvider(proxmox_sandbox.credential())


@pytest.fixture
def bare(proxmox_sandbox: ProxmoxSandbox) -> BareClient:
    """Return the administrator of the same cluster."""
    return proxmox_sandbox.bare()


@pytest.fixture
def spec() -> Spec:
    """Return a function that creates a spec, with additional fields."""

    def described(**fields: object) -> InstanceSpec:
        usual = {"name": "web", "region": CLUSTER, "type": "1c1g", "image": "9000"}
        return InstanceSpec.model_validate({**usual, **fields})

    return described


def reference(provider: ProxmoxProvider, machine_id: str) -> InstanceReference:
    """Return the reference of the guest that has a VMID now."""
    return provider.get_instance(CLUSTER, machine_id).reference


def becomes(provider: ProxmoxProvider, machine_id: str, state: InstanceState) -> Instance | None:
    """Wait until the guest that has a VMID has a state."""
    meant = reference(provider, machine_id)
    return wait_for_state(provider, meant, state, deadline_seconds=10, poll_seconds=0.03)


def finished(bare: BareClient, node: str, upid: str) -> str:
    """Wait for a task and return its exit status."""
    end = time.monotonic() + 10
    while (task := bare.get(f"nodes/{node}/tasks/{upid}/status"))["status"] == "running":
        assert time.monotonic() < end, upid
        time.sleep(0.02)
    return str(task["exitstatus"])
