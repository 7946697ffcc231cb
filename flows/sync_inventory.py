"""Read what exists in the clouds and store it, scope by scope."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import as_completed
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.errors import SkyClustError
from skyclust.model.request import SyncRequest
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.artifacts import move_progress, show_progress
from skyclust.orchestration.runs import PARTIAL, tag_this_run
from skyclust.store import scopes
from skyclust.store.engine import Store, open_store
from tasks.accounts import Account, accounts
from tasks.coverage import Read, Regions, covered, reads, unread
from tasks.inventory import (
    ReadOptions,
    discover_regions,
    mark_failed,
    read_region,
    readable_kinds,
)
from tasks.journal import current_run
from tasks.reports import report_sync

EVERYTHING: Final = SyncRequest()

WORKERS: Final = 16
"""Regions read at once: they wait for the network most of the time, so a dead one holds
up nobody else."""


@flow(
    name="sync-inventory",
    flow_run_name="{request.summary}",
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=True,
)
def sync_inventory(request: SyncRequest = EVERYTHING) -> State[Any]:
    """Read the asked-for kinds in the asked-for regions and store every complete read.

    What cannot be read keeps its rows and is marked stale with the reason. The run ends as
    Completed, as Partial when some scopes are not fresh, or as Failed when none is.
    """
    started = datetime.now(UTC)
    store = open_store()
    asked = accounts(store, request)
    tag_this_run(
        {f"workspace:{one.workspace_id}" for one in asked}
        | {f"provider:{one.provider}" for one in asked}
    )
    regions = _discover(asked)
    kinds = {one.provider: readable_kinds(one.provider) for one in asked}
    planned = reads(regions, kinds, request)
    options = ReadOptions(current_run(), request.brake_share, request.allow_mass_delete)
    failures = _read(planned, options)
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


def _discover(asked: Sequence[Account]) -> Regions:
    """Return each account's regions, or the error that kept it from telling them."""
    futures = {one: discover_regions.submit(one) for one in asked}
    return {one: _result(future.result(raise_on_failure=False)) for one, future in futures.items()}


def _read(
    planned: Sequence[Read], options: ReadOptions
) -> Mapping[tuple[Account, str], BaseException]:
    """Read all regions, moving the progress bar; return what kept regions from being read."""
    if not planned:
        return {}
    bar = show_progress("inventory-progress", "Regions read")
    futures = {
        read_region.submit(one.account, one.region, one.kinds, options): one for one in planned
    }
    failures: dict[tuple[Account, str], BaseException] = {}
    for number, future in enumerate(as_completed(list(futures)), start=1):
        read = futures[future]
        outcome = future.result(raise_on_failure=False)
        if isinstance(outcome, BaseException):
            failures[read.account, read.region] = outcome
        move_progress(bar, 100 * number / len(planned))
    return failures


def _result(outcome: list[str] | BaseException) -> list[str] | SkyClustError:
    """Return a task's result or error of the tree; raise anything else, which is a bug."""
    if isinstance(outcome, BaseException) and not isinstance(outcome, SkyClustError):
        raise outcome
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
    message = (
        f"{fresh} scopes are fresh, {behind} are not; {len(problems)} accounts told no regions."
    )
    if fresh:
        return Completed(name=PARTIAL, message=message)
    return Failed(message=message)
