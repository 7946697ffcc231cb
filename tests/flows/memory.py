"""The provider of the cloud in memory, installed for a test, and an account of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest

from skyclust import registry
from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.contract import AccountPage
from skyclust.errors import InvalidRequest, PermissionDenied, Throttled, Unavailable
from skyclust.model.catalog import InstanceType
from skyclust.model.change_request import ChangeRequest
from skyclust.model.instance import (
    Instance,
    InstanceFailure,
    InstanceReference,
    InstanceSpec,
    InstanceState,
)
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import Scope
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState
from skyclust.operations import cancellation, waiting
from skyclust.operations.instance import compute_steps, disk_steps, snapshot_steps
from skyclust.operations.instance.planning import plan_change
from skyclust.operations.resource import deletion_steps
from skyclust.operations.waiting import wait_for_state
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store import interventions, operations, resources, scopes
from skyclust.store.engine import Store

REGION = "east-1"
TRANSITION_SECONDS = 0.02


@dataclass
class Trouble:
    """How the cloud of an account behaves, beside what the cloud in memory does by itself."""

    snapshot_state: SnapshotState | None = None
    restore_calls: int = 1
    refuse_restore_at: int | None = None
    restores: list[str] = field(default_factory=list)
    failure: InstanceFailure | None = None
    stray_region: str | None = None
    refused_kind: ResourceKind | None = None
    throttled_lists: int = 0
    hanging_kind: ResourceKind | None = None
    hanging_catalog: bool = False
    stumbles: bool = False
    hanging_machines: set[str] = field(default_factory=set)
    released: Event = field(default_factory=Event)
    lists: list[ResourceKind] = field(default_factory=list)


TROUBLES: dict[str, Trouble] = {}
"""By endpoint."""


class UnsteadyProvider(MemoryProvider):
    """The provider of the cloud in memory, which meets the troubles of its account."""

    def regions(self) -> Sequence[str]:
        if self._trouble.stumbles:
            answer: dict[str, list[str]] = {}
            return answer["regions"]
        return super().regions()

    def get_instance(self, region: str, instance_id: str) -> Instance:
        found = super().get_instance(region, instance_id)
        if found.name in self._trouble.hanging_machines and found.state is InstanceState.RUNNING:
            return found.model_copy(update={"state": InstanceState.PENDING})
        if self._trouble.failure is None or found.state is InstanceState.DELETED:
            return found
        broken = {"state": InstanceState.ERROR, "failure": self._trouble.failure}
        return found.model_copy(update=broken)

    def list_snapshots(self, region: str, instance_id: str) -> Sequence[InstanceSnapshot]:
        state = self._trouble.snapshot_state
        found = super().list_snapshots(region, instance_id)
        return [one.model_copy(update={"state": state or one.state}) for one in found]

    def restore_snapshot(self, instance: InstanceReference, snapshot_id: str, token: str) -> bool:
        self._trouble.restores.append(token)
        calls = len(self._trouble.restores)
        if calls == self._trouble.refuse_restore_at:
            raise InvalidRequest("The cloud will not.", provider=self.name)
        if calls == 2:
            raise Unavailable("The cloud is away for a moment.", provider=self.name)
        if calls < self._trouble.restore_calls:
            return False
        return super().restore_snapshot(instance, snapshot_id, token)

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        if kind is self._trouble.hanging_kind:
            self._trouble.released.wait()
        yield from super().list_resources(region, kind, page_size=page_size)

    def list_instance_types(self, region: str) -> Iterator[Sequence[InstanceType]]:
        if self._trouble.hanging_catalog:
            self._trouble.released.wait()
        yield from super().list_instance_types(region)

    def list_account(
        self, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[AccountPage]:
        self._trouble.lists.append(kind)
        if kind is self._trouble.refused_kind:
            raise PermissionDenied(f"You may not list {kind}.", provider=self.name)
        if kind is ResourceKind.INSTANCE and self._trouble.throttled_lists:
            self._trouble.throttled_lists -= 1
            raise Throttled("Slow down.", retry_after=0.1, provider=self.name)
        yield from super().list_account(kind, page_size=page_size)
        if kind is ResourceKind.DISK and self._trouble.stray_region:
            stray = Resource(
                provider=self.name, region=self._trouble.stray_region, kind=kind, id="stray"
            )
            yield AccountPage([stray])

    @property
    def _trouble(self) -> Trouble:
        return TROUBLES[self._endpoint or ""]


@dataclass(frozen=True)
class MemoryAccount:
    """An account of a cloud of its own, in a store."""

    store: Store
    cloud: MemoryCloud
    credential: str
    trouble: Trouble

    @property
    def provider(self) -> MemoryProvider:
        values = {"endpoint": f"http://{self.credential}.memory", "key": "memory-key"}
        return MemoryProvider(MemoryCredential.model_validate(values))

    def machine(self, name: str = "web") -> str:
        """Make a running machine and return its id; the inventory does not know it."""
        spec = InstanceSpec(name=name, region=REGION, type="small", image=self.image())
        made = self.provider.create_instance(spec, uuid4().hex)
        wait_for_state(
            self.provider,
            made.reference,
            InstanceState.RUNNING,
            deadline_seconds=10,
            poll_seconds=0.01,
        )
        return made.id

    def reference(self, machine: str) -> InstanceReference:
        """Return what a change names a machine by that has never been another one."""
        return InstanceReference(region=REGION, id=machine, unique_id=machine)

    def change(self, action: str, instance: str, **request: Any) -> RunOutcome:
        parameters = {
            "action": action,
            "instance": instance,
            "credential": self.credential,
            "region": REGION,
        }
        return run_here("change-instance", parameters | request)

    def provision(self, **changes: Any) -> RunOutcome:
        """Run a provisioning of machines called web."""
        self.image()
        spec = {"name": "web", "region": REGION, "type": "small", "image": "debian-12"}
        parameters = {"credential": self.credential, **spec, **changes}
        return run_here("provision-instances", parameters)

    def image(self) -> str:
        """Return the id of the one image called debian-12."""
        known = [one for one in self.cloud.existing(REGION, "image") if one.name == "debian-12"]
        return (known or [self.cloud.add(REGION, "image", "debian-12")])[0].id

    def cancel(self, *, keep: bool = False) -> None:
        """Ask for every operation that is carried on not to be done."""
        with self.store.writing() as connection:
            for one in operations.open_operations(connection):
                interventions.request_cancel(
                    connection, one.workspace_id, one.id, by="user:ann", keep=keep
                )

    def machines(self) -> list[str]:
        """The names of the machines that the cloud has."""
        return sorted(item.name for item in self.cloud.existing(REGION, "server"))

    def left_behind(
        self,
        action: str,
        machine: str,
        line: str,
        *,
        snapshot_id: str | None = None,
        disk_id: str | None = None,
        attempts: int = 0,
        **request: Any,
    ) -> None:
        """Leave an operation in the journal as a run that is gone would have left it."""
        parameters = {"action": action, "instance": machine, **request}
        planned = plan_change(
            ChangeRequest.model_validate(parameters),
            provider="memory",
            credential=self.credential,
            instance=self.reference(machine),
            instance_name="web",
            run_id=str(UUID(int=7)),
            snapshot_id=snapshot_id,
            disk_id=disk_id,
        )
        with self.store.writing() as connection:
            [made] = operations.journal(connection, "default", [planned], run_id=None)
            running = OperationState.RUNNING
            operations.advance(
                connection, "default", made.id, 1, step=line, state=running, attempts=attempts
            )

    def known(self) -> dict[str, Resource]:
        """What the inventory knows, by id."""
        with self.store.reading() as connection:
            return {one.id: one for one in resources.find(connection, "default")}

    def scopes(self) -> list[Scope]:
        with self.store.reading() as connection:
            return scopes.list_all(connection, "default", credentials=[self.credential])

    def operations(self) -> list[Operation]:
        """The newest first."""
        with self.store.reading() as connection:
            return operations.list_all(connection, "default")

    def lines(self) -> list[str]:
        """The journal of the newest operation."""
        newest = self.operations()[0]
        with self.store.reading() as connection:
            return [entry.step for entry in operations.entries(connection, "default", newest.id)]


@contextmanager
def memory_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the provider as an installed distribution would."""
    metadata = folder / "memory-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: memory\nVersion: 1.0\n")
    provider = f"{UnsteadyProvider.__module__}:{UnsteadyProvider.__name__}"
    (metadata / "entry_points.txt").write_text(f"[{registry.GROUP}]\nmemory = {provider}\n")
    with monkeypatch.context() as patch:
        patch.syspath_prepend(folder)
        forget()
        yield
    forget()


def forget() -> None:
    """Let the registry look again."""
    registry._entry_points.cache_clear()
    registry.provider_class.cache_clear()


@contextmanager
def memory_account(store: Store) -> Iterator[MemoryAccount]:
    """An account of a new cloud, with a default network in its first region."""
    name = f"memory-{uuid4().hex[:8]}"
    endpoint = f"http://{name}.memory"
    CLOUDS[endpoint] = cloud = MemoryCloud(transition_seconds=TRANSITION_SECONDS)
    cloud.add(REGION, "network", "default")
    save_credential(store, "default", name, "memory", {"endpoint": endpoint, "key": "memory-key"})
    TROUBLES[endpoint] = Trouble()
    yield MemoryAccount(store, cloud, name, TROUBLES[endpoint])
    TROUBLES[endpoint].released.set()
    del CLOUDS[endpoint], TROUBLES[endpoint]


def quick_polls(monkeypatch: pytest.MonkeyPatch, *, seconds: float = 0.01) -> None:
    """Let waits look at a cloud as often as it changes: as often as the one in memory."""

    def quick(wait: Callable[..., Any]) -> Callable[..., Any]:
        return functools.partial(wait, poll_seconds=seconds)

    monkeypatch.setattr(compute_steps, "wait_for_state", quick(waiting.wait_for_state))
    for module in (cancellation, deletion_steps, disk_steps, snapshot_steps):
        monkeypatch.setattr(module, "poll", quick(waiting.poll))
    monkeypatch.setattr(cancellation, "ARRIVAL_SECONDS", 0.2)
