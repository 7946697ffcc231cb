"""A slot of a credential is held while its cloud is asked for a change, and no longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.concurrency import _sync
from prefect.exceptions import ObjectNotFound

from deployments.limits import apply_limits
from skyclust.errors import Unavailable
from skyclust.operations.instance import compute_steps, disk_steps, snapshot_steps
from skyclust.operations.subjects import subjects
from skyclust.orchestration import limits
from skyclust.orchestration.limits import (
    OPERATIONS_AT_ONCE,
    apply_credential_limit,
    credential_limit_name,
    credential_slot,
    former_limit_name,
)
from skyclust.store import credentials, workspaces
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import eventually
from tests.flows.memory import MemoryAccount, quick_polls

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("prefect_server")]


def limit_of(client: SyncPrefectClient, name: str) -> GlobalConcurrencyLimitResponse | None:
    try:
        return client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        return None


def test_machines_that_hang_keep_no_other_change_waiting(
    memory: MemoryAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten waits that poll every 10 ms would leave the change no processor time.
    quick_polls(monkeypatch, seconds=0.5)
    eleventh = memory.machine("eleventh")
    names = {f"web-{number}" for number in range(1, OPERATIONS_AT_ONCE + 1)}
    memory.trouble.hanging_machines |= names
    with ThreadPoolExecutor(max_workers=1) as pool:
        hanging = pool.submit(memory.provision, count=OPERATIONS_AT_ONCE)
        try:
            steps = eventually(
                lambda: [one.step for one in memory.operations()],
                lambda found: found == ["accepted"] * OPERATIONS_AT_ONCE,
                seconds=120,
            )
            assert steps == ["accepted"] * OPERATIONS_AT_ONCE
            deleted = memory.change("delete", eleventh)
            still = [one.step for one in memory.operations()]
        finally:
            # Else a failure waits for the run until the test times out, and is not shown.
            memory.trouble.hanging_machines.clear()
        outcome = hanging.result(timeout=120)

    assert deleted.succeeded, deleted.message
    assert still.count("accepted") == OPERATIONS_AT_ONCE
    assert outcome.succeeded, outcome.message
    assert set(memory.machines()) == names


def test_only_steps_by_which_a_cloud_changes_something_hold_a_slot() -> None:
    actions = {
        step.action
        for kind in subjects()["instance"].operations.values()
        for step in kind.steps.values()
    }
    assert {action for action in actions if action.changes} == {
        compute_steps.CREATE,
        compute_steps.START,
        compute_steps.STOP,
        compute_steps.REBOOT,
        compute_steps.RESIZE,
        compute_steps.DELETE,
        compute_steps.REMOVE_LEFTOVERS,
        compute_steps.SET_TAGS,
        snapshot_steps.CREATE,
        snapshot_steps.DELETE,
        snapshot_steps.BEGIN_RESTORE,
        disk_steps.ATTACH,
        disk_steps.DETACH,
    }


def test_no_two_credentials_share_a_limit() -> None:
    pairs = [("a-b", "c"), ("a", "b-c")]
    assert len({former_limit_name(*pair) for pair in pairs}) == 1
    assert len({credential_limit_name(*pair) for pair in pairs}) == 2
    with get_client(sync_client=True) as client:
        for pair in pairs:
            name = apply_credential_limit(*pair)
            found = limit_of(client, name)
            assert found is not None
            assert (found.name, found.limit) == (name, OPERATIONS_AT_ONCE)
    for pair in pairs:
        with credential_slot(*pair):
            pass


def test_what_an_operator_set_for_a_limit_is_carried_over_to_its_new_name(
    memory: MemoryAccount,
) -> None:
    # Of one former name, as the name of the account in the fixture has a dash.
    first, second = memory.credential.split("-")
    with memory.store.writing() as connection:
        workspaces.add(connection, f"default-{first}", "Other")
    with memory.store.writing() as connection:
        credentials.add(
            connection, f"default-{first}", name=second, provider="memory", block_name="b"
        )
    pairs = [("default", memory.credential), (f"default-{first}", second)]
    [former] = {former_limit_name(*pair) for pair in pairs}
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=former, limit=3, active=False)
        )
        apply_limits(memory.store)
        apply_limits(memory.store)
        found = [limit_of(client, credential_limit_name(*pair)) for pair in pairs]
        assert [(one.limit, one.active) for one in found if one] == [(3, False), (3, False)]
        assert limit_of(client, former) is None


def test_a_slot_whose_release_fails_does_not_lose_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise httpx.ConnectError("the server has gone")

    monkeypatch.setattr(_sync, "release_concurrency_slots_with_lease", refuse)
    done = []
    with credential_slot("default", f"c-{uuid4().hex[:8]}"):
        done.append(True)
    assert done


def test_a_slot_that_cannot_be_had_is_a_server_that_does_not_answer(
    prefect_server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "apply_credential_limit", lambda *_: "no-such-limit")
    refused = pytest.raises(Unavailable, match="gave no slot of 'no-such-limit'")
    with refused, credential_slot("default", "any"):
        pytest.fail("nothing is done without a slot")
