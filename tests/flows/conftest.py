"""An installation of its own for each test: store, key, sandbox account, Prefect server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.events.worker import EventsWorker

from providers.aws.provider import AwsProvider
from skyclust.model.operation import Operation
from skyclust.model.provision_request import ProvisionRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope
from skyclust.operations.instance.planning import Attempt
from skyclust.orchestration.credentials import open_provider, save_credential
from skyclust.security.keyring import generate_key
from skyclust.store import operations, resources, scopes
from skyclust.store.engine import Store, open_store
from tests.fixtures.machine_speed import bound
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.sandbox import Sandbox
from tests.flows.commands import Commands
from tests.flows.memory import MemoryAccount, memory_account, memory_installed, quick_polls

T = TypeVar("T")

REGION = "eu-central-1"
IMAGE = "debian-12-amd64-20250814-2204"


@dataclass(frozen=True)
class Installation:
    """A store with one credential for an account of the sandbox."""

    store: Store
    sandbox: Sandbox
    credential: str
    home: Path

    def scopes(self) -> list[Scope]:
        with self.store.reading() as connection:
            return scopes.list_all(connection, "default")

    def machines(self) -> dict[str, str | None]:
        """The machines that the inventory knows: name to state."""
        with self.store.reading() as connection:
            found = resources.find(connection, "default", kinds=[ResourceKind.INSTANCE])
        return {one.name: one.state for one in found}

    def resources(self) -> dict[tuple[str, str, str, str], str | None]:
        """Everything that the inventory knows, and its state."""
        with self.store.reading() as connection:
            found = resources.find(connection, "default")
        return {(one.credential, one.region, one.kind, one.id): one.state for one in found}

    def forget(self, instance_id: str) -> None:
        """Let the inventory know a machine no more."""
        with self.store.writing() as connection:
            resources.forget(
                connection,
                "default",
                self.credential,
                REGION,
                ResourceKind.INSTANCE,
                instance_id,
                run_id=None,
            )

    def provider(self) -> AwsProvider:
        provider = open_provider(self.store, "default", self.credential)
        assert isinstance(provider, AwsProvider)
        return provider

    def cloud_names(self) -> list[str]:
        """The names of the machines that the cloud has, sorted."""
        pages = self.provider().list_resources(REGION, ResourceKind.INSTANCE)
        return sorted(one.name for page in pages for one in page)

    def type_of(self, instance_id: str) -> str | None:
        return self.provider().get_instance(REGION, instance_id).type

    def operations(self) -> list[Operation]:
        with self.store.reading() as connection:
            return operations.list_all(connection, "default", limit=1000)

    def lines(self, operation: Operation) -> list[str]:
        """The journal of an operation."""
        with self.store.reading() as connection:
            return [entry.step for entry in operations.entries(connection, "default", operation.id)]

    def provision(self, **changes: Any) -> dict[str, Any]:
        """The parameters of a provisioning."""
        spec = {
            "name": "web",
            "region": REGION,
            "type": "t3.small",
            "image": IMAGE,
        } | changes.pop("spec", {})
        return {"credential": self.credential, **spec, **changes}


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    prefect_server: PrefectServer,
    migrated_home: Path,
    aws_sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """An installation on SQLite, or on the engine that a test names as its parameter."""
    if getattr(request, "param", "sqlite") == "postgresql":
        monkeypatch.setenv("SKYCLUST_DATABASE_URL", request.getfixturevalue("postgresql_url"))
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    store = open_store()
    # The server outlives the test and the credential's block stays there: a new name each.
    name = f"aws-{uuid4().hex[:8]}"
    add_account(store, name, aws_sandbox.endpoint)
    yield Installation(store, aws_sandbox, name, migrated_home)
    store.dispose()


def add_account(store: Store, name: str, endpoint: str, *, key: str = "sandbox") -> None:
    values = {"access_key_id": key, "secret_access_key": "any", "endpoint": endpoint}
    save_credential(store, "default", name, "aws", values)


def attempt(request: ProvisionRequest) -> Attempt:
    """The one way to make an exact machine at the sandbox AWS."""
    assert request.spec is not None
    assert request.credential is not None
    return Attempt(request.credential, "aws", request.spec)


def read_run(run_id: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(run_id))


def artifacts_of(run_id: str) -> dict[str, Artifact]:
    """Return the artifacts of a run by their key."""
    mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(artifact_filter=mine)
    return {artifact.key or "": artifact for artifact in found}


def events_of(run_id: str, prefix: str, *, wanted: int) -> list[dict[str, Any]]:
    """The events that a run told, waiting for as many as are wanted to be stored."""
    EventsWorker.drain_all(timeout=10)

    def read() -> list[dict[str, Any]]:
        query = {
            "filter": {
                "event": {"prefix": [prefix]},
                "related": {"id": [f"prefect.flow-run.{run_id}"]},
            },
            "limit": 50,
        }
        with get_client(sync_client=True) as client:
            answer = client.request("POST", "/events/filter", json=query)
        return cast(list[dict[str, Any]], answer.json()["events"])

    return eventually(read, lambda found: len(found) >= wanted)


def eventually(read: Callable[[], T], good: Callable[[T], bool], *, seconds: float = 15) -> T:
    """Read until it is good, or return what was read last; `seconds` are those of the reference."""
    end = time.monotonic() + bound(seconds)
    while not good(value := read()) and time.monotonic() < end:
        time.sleep(0.2)
    return value


@pytest.fixture
def memory(
    prefect_server: PrefectServer,
    migrated_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MemoryAccount]:
    """An account of the cloud in memory, in a store of its own."""
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    quick_polls(monkeypatch)
    store = open_store()
    with memory_installed(tmp_path / "plugins", monkeypatch), memory_account(store) as account:
        yield account
    store.dispose()


@pytest.fixture
def commands(
    memory: MemoryAccount, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Commands:
    # The command line sets variables of its process; the test's are put back by this.
    for name in ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "30" if name.startswith("PREFECT") else "127.0.0.1,localhost")
    return Commands(capsys)
