"""The five sandbox clouds as a drill sees them: alike, each through its conformance harness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from skyclust.conformance import ComputeHarness
from skyclust.contract import ComputeProvider, CredentialModel, InventoryProvider
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.operation import Operation
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope
from skyclust.operations.waiting import wait_for_state
from skyclust.orchestration.credentials import open_provider, save_credential
from skyclust.store import operations, resources, scopes
from skyclust.store.engine import Store
from tests.conformance.aws import AwsHarness
from tests.conformance.azure import AzureHarness
from tests.conformance.gcp import GcpHarness
from tests.conformance.openstack import OpenStackHarness
from tests.conformance.proxmox import ProxmoxHarness
from tests.fixtures.sandbox import RunningCloud

HARNESSES: dict[str, Callable[[Any], ComputeHarness]] = {
    "aws": AwsHarness,
    "azure": AzureHarness,
    "gcp": GcpHarness,
    "openstack": OpenStackHarness,
    "proxmox": ProxmoxHarness,
}


@dataclass(frozen=True)
class Cloud:
    """One account of one sandbox cloud, known to a store."""

    name: str
    store: Store
    sandbox: RunningCloud
    harness: ComputeHarness
    credential: str

    @property
    def region(self) -> str:
        return self.harness.region

    @property
    def provider(self) -> ComputeProvider:
        opened = open_provider(self.store, "default", self.credential)
        assert isinstance(opened, ComputeProvider)
        return opened

    def provisioning(self, name: str) -> dict[str, Any]:
        """The parameters of a run that makes a machine with a data disk."""
        spec = self.harness.spec(name).model_dump(mode="json") | {"disks": [{"size_gib": 1}]}
        return {"credential": self.credential, **spec}

    def deleting(self, name: str) -> dict[str, Any]:
        """The parameters of a run that deletes a machine; the cloud itself knows its name."""
        parameters = {"action": "delete", "instance": name}
        return parameters | {"credential": self.credential, "region": self.region}

    def make(self, name: str) -> Instance:
        """Make a machine without a run."""
        spec = self.harness.spec(name)
        made = self.provider.create_instance(spec, str(uuid4()))
        self._await(made.reference, InstanceState.RUNNING)
        return made

    def remove(self, name: str) -> None:
        """Delete the machines of a name without a run."""
        for machine_id in self.named(name):
            machine = self.provider.get_instance(self.region, machine_id).reference
            self.provider.delete_instance(machine)
            self._await(machine, InstanceState.DELETED)

    def named(self, name: str) -> list[str]:
        """The ids of the machines of a name, as the cloud lists them."""
        inventory = self.provider
        assert isinstance(inventory, InventoryProvider)
        pages = inventory.list_resources(self.region, ResourceKind.INSTANCE)
        return [one.id for page in pages for one in page if one.name == name]

    def known(self, name: str) -> list[str | None]:
        """The states of the machines of a name that the inventory knows."""
        with self.store.reading() as connection:
            found = resources.find(connection, "default", kinds=[ResourceKind.INSTANCE])
        return [one.state for one in found if one.name == name]

    def inventory(self) -> dict[tuple[str, str, str], str | None]:
        """All that the inventory knows of the account, with its state."""
        with self.store.reading() as connection:
            found = resources.find(connection, "default", credentials=[self.credential])
        return {(one.region, one.kind, one.id): one.state for one in found}

    def scopes(self) -> list[Scope]:
        with self.store.reading() as connection:
            return scopes.list_all(connection, "default", credentials=[self.credential])

    def asked(self, name: str) -> list[Operation]:
        with self.store.reading() as connection:
            journal = operations.list_all(connection, "default", credential=self.credential)
        return [one for one in journal if one.subject_name == name]

    def _await(self, machine: InstanceReference, state: InstanceState) -> None:
        wait_for_state(
            self.provider,
            machine,
            state,
            deadline_seconds=60,
            poll_seconds=self.harness.poll_seconds,
        )


def open_cloud(name: str, store: Store, request: pytest.FixtureRequest, seed: str) -> Cloud:
    """Reset a sandbox and give a store an account of it: `seed` is "sandbox" or "estate"."""
    sandbox: RunningCloud = request.getfixturevalue(f"{name}_{seed}")
    harness = HARNESSES[name](sandbox)
    sandbox.limit_pages(None)
    credential = f"{name}-{uuid4().hex[:8]}"
    save_credential(store, "default", credential, name, plain(harness.credential()))
    return Cloud(name, store, sandbox, harness, credential)


def plain(credential: CredentialModel) -> dict[str, Any]:
    """The fields of a credential as a person types them."""
    fields = credential.model_fields_set
    values = {name: getattr(credential, name) for name in fields}
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in values.items()
    }
