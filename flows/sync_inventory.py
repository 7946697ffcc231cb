"""Read what exists in the clouds and store it, scope by scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.errors import SkyClustError, UnexpectedAnswer
from skyclust.file_modes import keep_files_private
from skyclust.model.request import SyncRequest
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.artifacts import move_progress, show_progress
from skyclust.orchestration.backlog import stand_for_waiting_runs
from skyclust.orchestration.runs import PARTIAL, tag_this_run
from skyclust.store import scopes
from skyclust.store.engine import Store, open_store
from tasks.accounts import Account, accounts
from tasks.coverage import (
    Read,
    Regions,
    covered,
    describe,
    reads,
    reasons,
    refuse_unknown_regions,
    unread,
)
from tasks.inventory import (
    discover_regions,
    lists_accounts,
    read_account,
    read_region,
    readable_kinds,
)
from tasks.journal import current_run
from tasks.reports import report_sync
from tasks.scopes import ReadOptions, mark_failed
from tasks.silence import Watch
from tasks.turns import MOST_ASKED, Turns, Work

EVERYTHING: Final = SyncRequest()

PROGRESS_POINTS: Final = 10.0
"""Points of a hundred between two moves of the bar: Prefect keeps an event of each."""

LOOK_SECONDS: Final = 1.0
"""Between two looks at the tasks at work while none of them ends: how far they are, and which
of them are silent."""


@flow(
    name="sync-inventory",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=MOST_ASKED),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=True,
)
def sync_inventory(request: SyncRequest = EVERYTHING) -> State[Any]:
    """Read the asked-for kinds in the asked-for regions and store every complete read.

    What cannot be read keeps its rows and is marked stale with the reason. The run ends as
    Completed, as Partial when some scopes are not fresh, or as Failed when none is.
    """
    keep_files_private()
    stand_for_waiting_runs()
    started = datetime.now(UTC)
    store = open_store()
    finish(store)
    asked = accounts(store, request)
    tag_this_run(
        {f"workspace:{one.workspace_id}" for one in asked}
        | {f"provider:{one.provider}" for one in asked}
    )
    options = ReadOptions(current_run(), request.brake_share, request.allow_mass_delete)
    regions, planned, failures = _read(asked, request, options)
    refuse_unknown_regions(regions, request)
    known = {one: _known(store, one) for one in asked}
    missing = unread(
        planned, failures, regions=regions, known=known, request=request, started=started
    )
    for unread_one in missing:
        mark_failed(store, unread_one, options.run_id)
    now_known = {one: _known(store, one) for one in asked}
    settled = {one: covered(planned, missing, now_known[one], one) for one in asked}
    problems = {one: told for one, told in regions.items() if isinstance(told, SkyClustError)}
    report_sync(store, settled, problems, run_id=options.run_id)
    return _verdict(settled, problems)


def _read(
    asked: Sequence[Account], request: SyncRequest, options: ReadOptions
) -> tuple[Regions, list[Read], dict[Read, BaseException]]:
    """Ask every account for its regions, and read those as soon as it has told them.

    So no account waits for another one, and one that falls silent is given up as a whole.
    Returns what the accounts told, what was to be read, and what kept reads from their end.
    """
    finished: SimpleQueue[PrefectFuture[Any]] = SimpleQueue()
    at_work: dict[PrefectFuture[Any], Work] = {}
    regions: dict[Account, Sequence[str] | SkyClustError] = {}
    failures: dict[Read, BaseException] = {}
    turns = Turns()
    turns.add(asked)
    bar = show_progress("inventory-progress", "Scopes read") if asked else None
    shown = moved_to = 0.0
    while turns:
        for work in turns.begin():
            future = _submit(work, regions, options, turns.watches[work])
            at_work[future] = work
            future.add_done_callback(finished.put)
        for future in _ended(finished):
            work = at_work.pop(future)
            outcome = future.result(raise_on_failure=False)
            given_up = turns.end(work, outcome)
            failures |= {one: error for one, error in given_up.items() if isinstance(one, Read)}
            if isinstance(work, Account):
                regions[work] = told = _told(outcome)
                if not isinstance(told, SkyClustError):
                    turns.add(_planned(work, told, request))
            else:
                turns.watches[work].settled = work.scopes
                if isinstance(outcome, BaseException):
                    failures[work] = outcome
        if bar is not None:
            # What is to be read grows with each account that tells its regions.
            shown = max(shown, _percent(turns.watches)) if turns else 100.0
            if shown - moved_to >= PROGRESS_POINTS or not turns:
                moved_to = shown
                move_progress(bar, shown)
    return regions, [work for work in turns.watches if isinstance(work, Read)], failures


def _ended(finished: SimpleQueue[PrefectFuture[Any]]) -> Iterator[PrefectFuture[Any]]:
    """Yield the tasks that have ended, none when it is time to look after the others."""
    with suppress(Empty):
        yield finished.get(timeout=LOOK_SECONDS)
        while True:
            yield finished.get_nowait()


def _planned(account: Account, told: Sequence[str], request: SyncRequest) -> list[Read]:
    kinds = readable_kinds(account.provider)
    return reads(account, told, kinds, request, at_once=lists_accounts(account.provider))


def _submit(work: Work, regions: Regions, options: ReadOptions, watch: Watch) -> PrefectFuture[Any]:
    if isinstance(work, Account):
        return discover_regions.submit(work, watch)
    if len(work.regions) == 1:
        return read_region.submit(work, options, watch)
    told = regions[work.account]
    if isinstance(told, SkyClustError):
        raise told
    return read_account.submit(work, told, options, watch)


def _percent(watches: Mapping[Work, Watch]) -> float:
    """Return how much of what is known to be read is settled, 0 to 100."""
    scopes = sum(work.scopes for work in watches if isinstance(work, Read))
    return 100 * sum(watch.settled for watch in watches.values()) / scopes if scopes else 0.0


def _told(outcome: list[str] | BaseException) -> Sequence[str] | SkyClustError:
    """Return what a task that asks for regions came to; any other error is the account's alone."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, SkyClustError):
        return UnexpectedAnswer(f"The regions could not be read: {describe(outcome)}.")
    return outcome


def _known(store: Store, account: Account) -> list[Scope]:
    with store.reading() as connection:
        return scopes.list_all(connection, account.workspace_id, credentials=[account.credential])


def _verdict(
    settled: Mapping[Account, Sequence[Scope]], problems: Mapping[Account, SkyClustError]
) -> State[Any]:
    """Return the state that the run ends in."""
    states = Counter(scope.state for found in settled.values() for scope in found)
    fresh = states[ScopeState.FRESH]
    behind = states[ScopeState.STALE] + states[ScopeState.FAILED]
    if not behind and not problems:
        what = f"{fresh} scopes are fresh." if settled else "There is no credential to read with."
        return Completed(message=what)
    message = f"{fresh} scopes are fresh, {behind} are not."
    for account, reason in reasons(settled, problems).items():
        message += f"\n{account.provider} {account}: {reason}"
    if fresh:
        return Completed(name=PARTIAL, message=message)
    return Failed(message=message)
