"""What one bad account, or one odd item, does to the others: nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from prefect.client.schemas.objects import StateType

from skyclust.cli.exits import ExitCode
from skyclust.cli.main import main
from skyclust.conformance import Failure
from skyclust.conformance.memory_access import CLOUDS
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.runs import run_here
from skyclust.store import resources
from tests.flows.commands import Commands
from tests.flows.conftest import read_run
from tests.flows.memory import REGION, MemoryAccount, memory_account

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Accounts:
    """Accounts of one workspace, by what becomes of them."""

    good: list[MemoryAccount]
    dead: MemoryAccount
    lying: MemoryAccount
    refusing: MemoryAccount
    stumbling: MemoryAccount


@pytest.fixture
def accounts(memory: MemoryAccount) -> Iterator[Accounts]:
    """Three good accounts, each with a machine, and four that fail each in its own way."""
    with ExitStack() as stack:
        others = [stack.enter_context(memory_account(memory.store)) for _ in range(6)]
        good, (dead, lying, refusing, stumbling) = [memory, *others[:2]], others[2:]
        for account in good:
            account.machine()
        endpoint = f"http://{dead.credential}.memory"
        cloud = CLOUDS.pop(endpoint)
        lying.cloud.fail(Failure.HTML, REGION)
        refusing.cloud.fail(Failure.EXPIRED, REGION)
        stumbling.trouble.stumbles = True
        yield Accounts(good, dead, lying, refusing, stumbling)
        CLOUDS[endpoint] = cloud


def states(account: MemoryAccount) -> set[ScopeState]:
    return {scope.state for scope in account.scopes()}


def test_bad_accounts_are_named_with_their_reasons_and_the_others_are_fresh(
    accounts: Accounts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")
    with pytest.raises(SystemExit) as ended:
        main(["inventory", "sync", "--local", "--json"])
    shown = json.loads(capsys.readouterr().out)

    assert ended.value.code == ExitCode.PARTIAL
    for account in accounts.good:
        assert states(account) == {ScopeState.FRESH}
    reasons = {problem["credential"]: problem for problem in shown["problems"]}
    assert "nothing answers" in reasons[accounts.dead.credential]["reason"]
    assert "HTML" in reasons[accounts.lying.credential]["reason"]
    assert "expired" in reasons[accounts.refusing.credential]["reason"]
    assert reasons[accounts.refusing.credential]["error_class"] == "AuthenticationFailed"
    assert "KeyError: 'regions'" in reasons[accounts.stumbling.credential]["reason"]
    assert len(reasons) == len(shown["problems"]) == 4
    assert all(problem["what_to_do"] for problem in shown["problems"])


def test_one_wrong_password_among_five_is_read_at_once(
    memory: MemoryAccount, commands: Commands
) -> None:
    with ExitStack() as stack:
        wrong, *_ = [stack.enter_context(memory_account(memory.store)) for _ in range(4)]
        wrong.cloud.fail(Failure.EXPIRED, REGION)
        printed = commands.run("inventory", "sync", "--local", code=ExitCode.PARTIAL)
        shown = json.loads(
            commands.run("inventory", "sync", "--local", "--json", code=ExitCode.PARTIAL)
        )
        alone = ("inventory", "sync", "--local", "-c", wrong.credential)
        commands.run(*alone, code=ExitCode.REFUSED)

    first = "\n".join(printed.splitlines()[:5])
    assert f"{wrong.credential} (memory): " in first
    assert "expired" in first
    assert f"skyclust credential add {wrong.credential} -p memory --replace" in first
    assert "failed." in commands.said
    (problem,) = shown["problems"]
    assert (problem["credential"], problem["error_class"]) == (
        wrong.credential,
        "AuthenticationFailed",
    )
    assert wrong.credential in shown["message"]
    run = read_run(shown["run_id"])
    assert run.state is not None
    assert (run.state.type, run.state.name) == (StateType.FAILED, "Partial")
    assert {"partial", "workspace:default", "provider:memory"} <= set(run.tags)


def test_an_odd_item_is_named_and_hides_no_other(memory: MemoryAccount) -> None:
    gone, kept, odd = (memory.cloud.add(REGION, "disk", name).id for name in ("a", "b", "c"))
    request = {"credentials": [memory.credential]}
    assert run_here("sync-inventory", request).succeeded

    memory.cloud.corrupt(REGION, "disk")
    new = memory.cloud.add(REGION, "disk", "d").id
    del memory.cloud._items[REGION, "disk"][gone]
    outcome = run_here("sync-inventory", request)

    assert outcome.partial, outcome.message
    assert odd in outcome.message
    scope = disks_of(memory)
    assert (scope.state, scope.error_class) == (ScopeState.STALE, "IncompleteList")
    assert odd in str(scope.error)
    with memory.store.reading() as connection:
        found = resources.find(connection, "default", kinds=[ResourceKind.DISK])
    assert {one.id for one in found} == {gone, kept, odd, new}
    others = [one for one in memory.scopes() if one.key != scope.key]
    assert {one.state for one in others} == {ScopeState.FRESH}


def disks_of(memory: MemoryAccount) -> Scope:
    return next(
        one
        for one in memory.scopes()
        if one.key.kind is ResourceKind.DISK and one.key.region == REGION
    )
