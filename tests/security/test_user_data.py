"""User data is opened for the cloud alone: nothing that is stored or shown has it in the clear."""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.states import Scheduled

from flows.provision_instances import provision_instances
from skyclust.conformance import Failure
from skyclust.conformance.memory import MemoryProvider
from skyclust.errors import ConfigurationError
from skyclust.model.creation_forms import InstanceForm
from skyclust.model.instance import Instance, InstanceSpec
from skyclust.model.operation import OperationState
from skyclust.model.user_data import user_data_of
from skyclust.operations.instance.planning import Attempt, plan_creations
from skyclust.orchestration.runs import run_here
from skyclust.orchestration.user_data import seal_user_data_again, user_data_keys
from skyclust.security.keyring import generate_key, load_keyring
from skyclust.security.user_data import open_user_data, seal_user_data
from skyclust.store import interventions, operations, user_data, workspaces
from tests.fixtures.prefect import PrefectServer
from tests.flows.commands import Commands
from tests.flows.conftest import commands, memory
from tests.flows.memory import REGION, MemoryAccount, memory_account
from tests.flows.placing import provision
from tests.security.machines import CANARY, USER_DATA, creation_parameters, every_file, sealed, spec

__all__ = ["commands", "memory"]

pytestmark = pytest.mark.integration

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def read_by_machines(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """What the machines of the cloud in memory are given, each as it is made."""
    given: list[str | None] = []
    create = MemoryProvider.create_instance

    def noted(self: MemoryProvider, spec: InstanceSpec, token: str) -> Instance:
        given.append(spec.user_data)
        return create(self, spec, token)

    monkeypatch.setattr(MemoryProvider, "create_instance", noted)
    return given


@pytest.fixture
def other(memory: MemoryAccount) -> Iterator[MemoryAccount]:
    """A second account; both have what a machine by its needs is made of."""
    with memory_account(memory.store) as account:
        for one in (memory, account):
            one.cloud.add(REGION, "image", "debian-13")
        yield account


def _left_behind(memory: MemoryAccount, **changes: Any) -> str:
    """Journal a machine whose run is gone, and return the operation's id."""
    request = InstanceForm.model_validate(creation_parameters(memory, **changes)).request
    assert request.spec is not None
    ways = [Attempt(memory.credential, "memory", request.spec)]
    planned = plan_creations(request, ways, run_id=str(uuid.uuid4()))
    with memory.store.writing() as connection:
        [operation] = operations.journal(connection, "default", planned, run_id=None)
    return operation.id


def test_a_machine_gets_what_nobody_else_sees(
    memory: MemoryAccount,
    commands: Commands,
    read_by_machines: list[str | None],
    prefect_server: PrefectServer,
    skyclust_home: Path,
    tmp_path: Path,
) -> None:
    file = tmp_path / "cloud-init.yaml"
    file.write_text(USER_DATA)
    wanted = spec(memory)
    made = commands.run(
        *("instance", "create", "web", "--credential", memory.credential, "--region", REGION),
        *("--type", wanted["type"], "--image", wanted["image"], "--user-data", str(file)),
        *("--local", "--json"),
    )
    listed = commands.run("operation", "list", "--json")
    shown = commands.run("operation", "show", json.loads(listed)[0]["id"], "--json")
    for_people = commands.run("operation", "show", json.loads(listed)[0]["id"])

    assert read_by_machines == [USER_DATA]
    [operation] = memory.operations()
    assert operation.state is OperationState.SUCCEEDED
    [kept] = user_data_of(operation.request)
    assert DIGEST.fullmatch(kept)
    assert json.loads(shown)["request"]["spec"]["user_data"] == kept
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(uuid.UUID(json.loads(made)["run_id"]))
        logs = client.read_logs()
    assert run.parameters["user_data"].startswith("sealed:v2:")
    assert CANARY not in "".join([made, listed, shown, for_people, commands.said])
    assert CANARY not in "".join(one.message for one in logs)
    for name, content in every_file(prefect_server.home, skyclust_home).items():
        assert CANARY.encode() not in content, name


def test_while_it_is_open_it_is_sealed_in_the_journal_and_shown_as_a_digest(
    memory: MemoryAccount, commands: Commands, read_by_machines: list[str | None]
) -> None:
    identity = _left_behind(memory, user_data=sealed())
    [kept] = user_data_of(memory.operations()[0].request)
    shown = commands.json("operation", "show", identity)["request"]["spec"]["user_data"]

    assert open_user_data(load_keyring(), kept, "default") == USER_DATA
    assert DIGEST.fullmatch(shown)
    assert run_here("recover-operations", {}).succeeded
    assert read_by_machines == [USER_DATA]
    [ended] = memory.operations()
    assert ended.state is OperationState.SUCCEEDED
    assert user_data_of(ended.request) == [shown], "the digest stays the same"


def test_one_that_waits_for_a_person_keeps_it_until_it_is_abandoned(
    memory: MemoryAccount, commands: Commands, read_by_machines: list[str | None]
) -> None:
    identities = [_left_behind(memory, name=name, user_data=sealed()) for name in ("a", "b")]
    for identity in identities:
        with memory.store.writing() as connection:
            operations.advance(
                connection, "default", identity, 1,
                step="requested", state=OperationState.NEEDS_ATTENTION,
            )  # fmt: skip
    commands.run("operation", "abandon", identities[0], "--reason", "a test")
    with memory.store.writing() as connection:
        interventions.resume(
            connection, "default", identities[1], 1, state=OperationState.RUNNING, by="a test"
        )
    assert run_here("recover-operations", {}).succeeded

    assert read_by_machines == [USER_DATA]
    for operation in memory.operations():
        assert operation.state.final
        assert all(DIGEST.fullmatch(one) for one in user_data_of(operation.request))


@pytest.mark.parametrize("sealed_first", [True, False])
def test_what_an_earlier_version_journalled_in_the_clear_still_works(
    memory: MemoryAccount, read_by_machines: list[str | None], sealed_first: bool
) -> None:
    identity = _left_behind(memory, user_data=sealed())
    with memory.store.writing() as connection:
        user_data.rewrite(connection, "default", identity, lambda _: USER_DATA)
    if sealed_first:
        assert seal_user_data_again(memory.store) == (1, [])
        assert seal_user_data_again(memory.store) == (0, [])
        assert CANARY not in str(memory.operations()[0].request)

    assert run_here("recover-operations", {}).succeeded

    assert read_by_machines == [USER_DATA]
    [ended] = memory.operations()
    assert CANARY not in ended.model_dump_json()


def test_the_next_place_gets_it_too_and_then_it_is_gone_from_each_try(
    memory: MemoryAccount, other: MemoryAccount, read_by_machines: list[str | None]
) -> None:
    other.cloud.fail(Failure.NO_CAPACITY, REGION)

    outcome = provision(other, memory, needs={"user_data": sealed()})

    assert outcome.succeeded, outcome.message
    assert set(read_by_machines) == {USER_DATA}
    journal = memory.operations()
    assert sorted(one.state for one in journal) == ["failed", "succeeded"]
    kept = [one for operation in journal for one in user_data_of(operation.request)]
    assert len(kept) == 3
    assert all(DIGEST.fullmatch(one) for one in kept)


def test_what_does_not_open_makes_nothing(memory: MemoryAccount) -> None:
    with memory.store.writing() as connection:
        workspaces.add(connection, "acme", "Acme")
    of_another = seal_user_data(load_keyring(), USER_DATA, "acme")

    outcome = run_here("provision-instances", creation_parameters(memory, user_data=of_another))

    assert outcome.state_type == "FAILED"
    assert "The user data for workspace 'default' does not open" in outcome.message
    assert memory.operations() == []


def test_the_command_seals_for_the_form(
    memory: MemoryAccount, commands: Commands, tmp_path: Path
) -> None:
    file = tmp_path / "cloud-init.yaml"
    file.write_text(USER_DATA)

    printed = commands.run("instance", "seal-user-data", str(file)).strip()

    assert open_user_data(load_keyring(), printed, "default") == USER_DATA
    with pytest.raises(ConfigurationError):
        open_user_data(load_keyring(), printed, "acme")
    file.write_text(printed)
    commands.run("instance", "seal-user-data", str(file), code=2)
    assert "sealed already" in commands.said


def test_a_rotation_seals_open_user_data_again_and_keeps_what_a_queued_run_needs(
    memory: MemoryAccount, read_by_machines: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = load_keyring().newest.id
    _left_behind(memory, user_data=sealed())
    queued = creation_parameters(memory, user_data=sealed())
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(provision_instances, parameters=queued, state=Scheduled())
    new = generate_key()
    both = f"{new},{os.environ['SKYCLUST_ENCRYPTION_KEY']}"
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", both)

    assert seal_user_data_again(memory.store) == (1, [])

    assert user_data_keys(memory.store)[old] == [f"flow run {run.name}"]
    with get_client(sync_client=True) as client:
        client.delete_flow_run(run.id)
    assert old not in user_data_keys(memory.store)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", both)
    assert run_here("recover-operations", {}).succeeded
    assert read_by_machines == [USER_DATA]
