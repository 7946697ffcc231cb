"""A disk of the cloud in memory, which is to be deleted, and the journal of its deletion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from skyclust.conformance import memory_disks
from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.errors import SkyClustError
from skyclust.model.operation import NewOperation, Operation
from skyclust.model.resource import Resource
from skyclust.model.resource_reference import reference_of
from skyclust.operations.attempt import settle, take_step
from skyclust.operations.execution import Execution
from skyclust.operations.journal import journal_all
from skyclust.operations.resource.planning import plan_deletion
from skyclust.store import credentials, operations, outbox, resources
from skyclust.store.engine import Store, open_store
from tests.fixtures.execution import journal_execution

ENDPOINT = "http://deletion.memory"
REGION = "east-1"
KEY = "memory-key"
RUN = "00000000-0000-4000-8000-000000000007"


@dataclass(frozen=True)
class Estate:
    """A cloud in memory with a disk, which the inventory of a store has."""

    store: Store
    cloud: MemoryCloud
    execution: Execution
    disk: Resource

    def journalled(self, resource: Resource | None = None) -> Operation:
        planned = plan_deletion(
            reference_of(resource or self.disk),
            name=(resource or self.disk).name,
            provider="memory",
            credential="prod",
            wait_minutes=0.01,
            run_id=RUN,
        )
        return self.journal(planned)

    def journal(self, planned: NewOperation) -> Operation:
        return journal_all(self.execution, "default", [planned])[0]

    def carried_on(self, operation: Operation) -> Operation:
        """Take an operation to its end as a run does."""
        while operation.state.carried_on:
            before = operation
            try:
                operation = take_step(self.execution, before)
            except SkyClustError as error:
                operation = settle(self.execution, before, error)
        return operation

    def steps(self) -> list[str]:
        with self.store.reading() as connection:
            [one] = operations.list_all(connection, "default")
            return [entry.step for entry in operations.entries(connection, "default", one.id)]

    def known(self) -> dict[str, Resource]:
        with self.store.reading() as connection:
            return {one.id: one for one in resources.find(connection, "default")}

    def events(self) -> list[str]:
        with self.store.reading() as connection:
            waiting_events = outbox.waiting(connection, "default")
        return [each.event.name for each in waiting_events]

    def disks(self) -> list[str]:
        return [item.id for item in self.cloud.existing(REGION, "disk")]

    def delete_in_cloud(self) -> None:
        memory_disks.delete_disk(self.cloud, KEY, REGION, self.disk.id)

    def attach(self) -> str:
        """Attach the disk to a server, as somebody else does; return the server's id."""
        server = self.cloud.add(REGION, "server", "stranger")
        memory_disks.attach_disk(self.cloud, KEY, REGION, server.id, self.disk.id)
        return server.id


@contextmanager
def opened_estate(url: str) -> Iterator[Estate]:
    """An estate in a store of its own."""
    store = open_store(url)
    with store.writing() as connection:
        credentials.add(connection, "default", name="prod", provider="memory", block_name="prod")
    CLOUDS[ENDPOINT] = cloud = MemoryCloud()
    values = {"endpoint": ENDPOINT, "key": KEY}
    provider = MemoryProvider(MemoryCredential.model_validate(values))
    disk_id = cloud.add(REGION, "disk", "data").id
    disk = provider.get_disk(REGION, disk_id)
    with store.writing() as connection:
        resources.record(connection, "default", "prod", disk, run_id=None)
    execution = replace(
        journal_execution(store), open_provider=lambda workspace_id, credential: provider
    )
    yield Estate(store, cloud, execution, disk)
    store.dispose()
    del CLOUDS[ENDPOINT]
