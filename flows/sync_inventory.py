"""Read what exists in the clouds and store it, scope by scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from skyclust.file_modes import keep_files_private
from skyclust.inventory.account_problems import account_problems
from skyclust.inventory.credential_selection import credentials_of
from skyclust.inventory.read_liveness import ReadLiveness
from skyclust.inventory.scheduler import MOST_READS, Work
from skyclust.inventory.storing import ReadOptions
from skyclust.inventory.sync import SyncVerdict, judge_sync, run_reads, settle_sync
from skyclust.model.credential_key import CredentialKey
from skyclust.model.request import SyncRequest
from skyclust.orchestration.artifacts import ProgressBar
from skyclust.orchestration.choices import try_to_update_choices
from skyclust.orchestration.credentials import adopt_blocks
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.partial_runs import ended, partial_state
from skyclust.orchestration.reports import report_sync
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from skyclust.settings import load_settings
from skyclust.store.engine import open_store
from tasks.inventory import discover_regions, read_account, read_region
from tasks.retention import prune_versions


@flow(
    name="sync-inventory",
    flow_run_name=run_name_of(SyncRequest),
    task_runner=ThreadPoolTaskRunner(max_workers=MOST_READS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(SyncRequest)
def sync_inventory(request: SyncRequest) -> State[Any]:
    """Read the requested kinds in the requested regions and store every complete read.

    What cannot be read keeps its rows and is marked stale with the reason. The run ends as
    Completed, as Partial when some scopes are not fresh, or as Failed when none is. Its message
    names each account that failed, why, and what to do.
    """
    keep_files_private()
    supersede_waiting_runs()
    started = datetime.now(UTC)
    store = open_store()
    do_deferred_work(store)
    refused = adopt_blocks(store, request.workspace, request.credentials)
    credentials = credentials_of(store, request, refused={one.name for one in refused})
    tag_this_run(
        {f"workspace:{credential.workspace_id}" for credential in credentials}
        | {f"provider:{credential.provider}" for credential in credentials}
    )
    options = ReadOptions(current_run(), request.brake_share, request.allow_mass_delete)
    bar = ProgressBar(_progress_key(request), "discovering regions") if credentials else None
    reads = run_reads(credentials, request, partial(_begin, options), _show(bar))
    settled = settle_sync(
        store, credentials, reads, request, started=started, run_id=options.run_id
    )
    try_to_update_choices(store)  # of the regions that were read for the first time
    problems = account_problems(settled, {**reads.problems, **refused})
    report_sync(store, settled, problems, run_id=options.run_id)
    _prune(request)
    return ended(_end_state(judge_sync(settled, problems)))


def _prune(request: SyncRequest) -> None:
    """Remove versions that are older than the setting keeps them, after a sync of everything.

    An error of it is in the log of its task: the sync itself is done.
    """
    days = load_settings().keep_versions_days
    if days and not (request.credentials or request.regions or request.kinds):
        prune_versions(request.workspace, days, return_state=True)


@dataclass(frozen=True)
class _RunningTask:
    """A task that runs in the background."""

    future: PrefectFuture[Any]

    def on_end(self, callback: Callable[[], None]) -> None:
        self.future.add_done_callback(lambda _: callback())

    def outcome(self) -> object:
        return self.future.result(raise_on_failure=False)


def _begin(
    options: ReadOptions, work: Work, liveness: ReadLiveness, regions: Sequence[str]
) -> _RunningTask:
    if isinstance(work, CredentialKey):
        return _RunningTask(discover_regions.submit(work, liveness))
    if len(work.regions) == 1:
        return _RunningTask(read_region.submit(work, options, liveness))
    return _RunningTask(read_account.submit(work, regions, options, liveness))


def _progress_key(request: SyncRequest) -> str:
    """Return the key of the progress: a sync of every workspace has one bar, of no workspace."""
    return f"inventory-progress-{request.workspace}" if request.workspace else "inventory-progress"


def _show(bar: ProgressBar | None) -> Callable[[float, str], None]:
    return bar.move if bar is not None else lambda percent, description: None


def _end_state(verdict: SyncVerdict) -> State[Any]:
    if verdict.complete:
        return Completed(message=verdict.message)
    if verdict.fresh:
        return partial_state(verdict.message)
    return Failed(message=verdict.message)
