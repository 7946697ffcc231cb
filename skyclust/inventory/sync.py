"""A sync: the reads of all credentials, run side by side, and the verdict on their scopes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from skyclust.errors import SkyClustError, UnexpectedAnswer
from skyclust.inventory.account_problems import AccountProblem, failed_accounts, problems_text
from skyclust.inventory.read_liveness import ReadLiveness
from skyclust.inventory.read_plan import (
    Read,
    covered_scopes,
    describe,
    lists_accounts,
    plan_reads,
    readable_kinds,
    refuse_unknown_regions,
    unread_scopes,
)
from skyclust.inventory.scheduler import ReadScheduler, Work
from skyclust.inventory.storing import known_scopes, mark_failed
from skyclust.model.credential_key import CredentialKey
from skyclust.model.request import SyncRequest
from skyclust.model.scope import Scope, ScopeState
from skyclust.store.engine import Store

LOOK_SECONDS: Final = 1.0
"""Between two looks at the running work while none of it ends: how far it is, and which of it
has no answer."""


class Running(Protocol):
    """Work that has begun."""

    def on_end(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the work has ended, at once if it has ended already."""

    def outcome(self) -> object:
        """Return the result of work that has ended, or the exception that ended it."""


Begin = Callable[[Work, ReadLiveness, Sequence[str]], Running]
"""Begins work; the last argument are the regions of a read's credential."""


@dataclass
class SyncReads:
    """The regions of each credential, the reads that were planned, and why some broke off."""

    regions: dict[CredentialKey, Sequence[str] | SkyClustError] = field(default_factory=dict)
    planned: list[Read] = field(default_factory=list)
    failures: dict[Read, BaseException] = field(default_factory=dict)

    @property
    def problems(self) -> dict[CredentialKey, SkyClustError]:
        """Return the credentials whose regions could not be discovered, and why."""
        return {
            credential: regions
            for credential, regions in self.regions.items()
            if isinstance(regions, SkyClustError)
        }


def run_reads(
    credentials: Sequence[CredentialKey],
    request: SyncRequest,
    begin: Begin,
    show_progress: Callable[[float, str], None],
) -> SyncReads:
    """Discover the regions of every credential and read them as soon as they are known.

    So no credential waits for another, and one that does not answer is given up as a whole.
    `begin` runs each piece of work in the background. `show_progress` is called with the
    settled share of the known scopes, 0 to 100, which never falls, and with the same in words.
    """
    reads = SyncReads()
    scheduler = ReadScheduler()
    scheduler.add(credentials)
    ended: SimpleQueue[Work] = SimpleQueue()
    running: dict[Work, Running] = {}
    shown = 0.0
    while scheduler:
        for work in scheduler.begin():
            regions = _regions_for(work, reads)
            running[work] = begin(work, scheduler.liveness[work], regions)
            running[work].on_end(_put(ended, work))
        for work in _ended_work(ended):
            _take_outcome(reads, scheduler, work, running.pop(work).outcome(), request)
        # The number of scopes grows with each credential whose regions are discovered.
        progress = scheduler.progress()
        shown = max(shown, progress.percent) if scheduler else 100.0
        show_progress(shown, str(progress))
    return reads


def settle_sync(
    store: Store,
    credentials: Sequence[CredentialKey],
    reads: SyncReads,
    request: SyncRequest,
    *,
    started: datetime,
    run_id: str,
) -> dict[CredentialKey, list[Scope]]:
    """Mark every scope that the sync had to settle and nothing has settled; return all of them.

    The scopes that the sync had to settle are returned by credential, as they are then. Raises
    InvalidRequest for a region that no credential has.
    """
    refuse_unknown_regions(reads.regions, request)
    known = {credential: known_scopes(store, credential) for credential in credentials}
    missing = unread_scopes(
        reads.planned,
        reads.failures,
        regions=reads.regions,
        known=known,
        request=request,
        started=started,
    )
    for scope in missing:
        mark_failed(store, scope, run_id)
    return {
        credential: covered_scopes(
            reads.planned, missing, known_scopes(store, credential), credential
        )
        for credential in credentials
    }


@dataclass(frozen=True)
class SyncVerdict:
    """How many scopes are fresh and how many are not, and a summary for people."""

    fresh: int
    complete: bool
    message: str


def judge_sync(
    settled: Mapping[CredentialKey, Sequence[Scope]], problems: Sequence[AccountProblem]
) -> SyncVerdict:
    """Return the verdict on a sync: complete when every scope is fresh or unsupported.

    Its message names the accounts that failed, why and what to do, and ends with the counts.
    """
    states = Counter(scope.state for scopes in settled.values() for scope in scopes)
    fresh = states[ScopeState.FRESH]
    behind = states[ScopeState.STALE] + states[ScopeState.FAILED]
    if not behind and not problems:
        message = (
            f"{fresh} scopes are fresh." if settled else "There is no credential to read with."
        )
        return SyncVerdict(fresh, complete=True, message=message)
    failed = failed_accounts(problems)
    message = f"{problems_text(problems)}\n{fresh} scopes are fresh"
    message += f", {behind} are not; " if behind else "; "
    message += f"{failed} account{'s' * (failed > 1)} failed."
    return SyncVerdict(fresh, complete=False, message=message)


def _put(ended: SimpleQueue[Work], work: Work) -> Callable[[], None]:
    return lambda: ended.put(work)


def _ended_work(ended: SimpleQueue[Work]) -> Iterator[Work]:
    """Yield the work that has ended, none when it is time to look at the rest."""
    with suppress(Empty):
        yield ended.get(timeout=LOOK_SECONDS)
        while True:
            yield ended.get_nowait()


def _regions_for(work: Work, reads: SyncReads) -> Sequence[str]:
    if isinstance(work, CredentialKey):
        return ()
    regions = reads.regions[work.credential]
    if isinstance(regions, SkyClustError):
        raise regions
    return regions


def _take_outcome(
    reads: SyncReads,
    scheduler: ReadScheduler,
    work: Work,
    outcome: object,
    request: SyncRequest,
) -> None:
    """Note how work ended, and plan the reads of a credential whose regions are known now."""
    for given_up, error in scheduler.end(work, outcome).items():
        if isinstance(given_up, Read):
            reads.failures[given_up] = error
    if isinstance(work, Read):
        scheduler.liveness[work].settled = work.scopes
        if isinstance(outcome, BaseException):
            reads.failures[work] = outcome
        return
    reads.regions[work] = regions = _discovered(outcome)
    if not isinstance(regions, SkyClustError):
        planned = plan_reads(
            work,
            regions,
            readable_kinds(work.provider),
            request,
            whole_account=lists_accounts(work.provider),
        )
        reads.planned += planned
        scheduler.add(planned)


def _discovered(outcome: object) -> Sequence[str] | SkyClustError:
    """Return the regions of a credential; an error from outside the tree is that one's alone."""
    if isinstance(outcome, SkyClustError):
        return outcome
    if isinstance(outcome, BaseException):
        return UnexpectedAnswer(f"The regions could not be read: {describe(outcome)}.")
    if not isinstance(outcome, list):
        raise TypeError("The discovery of regions returns a list.")
    return outcome
