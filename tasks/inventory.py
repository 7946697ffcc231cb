"""Reading what exists: one task finds an account's regions, others read them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.errors import SkyClustError, Timeout
from skyclust.model.resource import ResourceKind
from skyclust.orchestration.credentials import open_provider
from skyclust.provider_errors import provider_errors
from skyclust.registry import capability, provider_class
from skyclust.store.engine import open_store
from tasks.accounts import Account
from tasks.coverage import Read, Unread
from tasks.listing import ReadKind, account_kind, read_kinds, region_kind
from tasks.retries import DELAYS, JITTER, RETRIES
from tasks.scopes import KindRead, ReadOptions, first_worth_a_retry, keep, mark_failed, settled
from tasks.silence import SILENT, Watch, hear, while_it_answers


@task(
    name="discover regions",
    task_run_name="discover regions of {account}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=while_it_answers,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def discover_regions(account: Account, watch: Watch) -> list[str]:
    """Return the names of the regions that the account may use, sorted.

    Raises Timeout when the account is silent for too long, over all attempts.
    """
    provider = open_provider(open_store(), account.workspace_id, account.credential)

    def ask(tell: Callable[[list[str]], None]) -> None:
        with provider_errors(account.provider, f"list the regions of {account}"):
            tell(sorted(provider.regions()))

    [told] = hear(ask, watch, f"Account {account.credential}")
    return told


@task(
    name="read region",
    task_run_name="read {read}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=while_it_answers,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_region(read: Read, options: ReadOptions, watch: Watch) -> None:
    """Read the kinds of one region and store each as soon as its read is complete.

    A kind that could not be read is marked so at once and does not keep the others from
    being read. A retry reads the kinds that this run has not settled yet. Raises the error
    of a kind that could not be read: a Transient one first, for it is worth a retry.
    """
    account = read.account
    provider = open_provider(open_store(), account.workspace_id, account.credential)
    inventory = capability(provider, InventoryProvider)
    [region] = read.regions
    ask = partial(region_kind, inventory, region, watch.heard)
    _read_and_keep(read, ask, options, watch)


@task(
    name="read account",
    task_run_name="read {read}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=while_it_answers,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_account(read: Read, told: Sequence[str], options: ReadOptions, watch: Watch) -> None:
    """Read the kinds of several regions, each kind in one list of the account, and store them.

    As `read_region`, region by region of a kind; a retry lists the kinds anew that this run
    has not settled in every region. `told` are all regions that the account names: of what is
    listed in others only the number is logged.
    """
    account = read.account
    provider = open_provider(open_store(), account.workspace_id, account.credential)
    inventory = capability(provider, AccountInventoryProvider)
    ask = partial(account_kind, inventory, read.regions, told, watch.heard)
    _read_and_keep(read, ask, options, watch)


def readable_kinds(provider: str) -> list[ResourceKind]:
    """Return the kinds that a provider can list, in the order of the model; empty if none."""
    cloud = provider_class(provider)
    if not issubclass(cloud, InventoryProvider):
        return []
    return [kind for kind in ResourceKind if kind in cloud.kinds]


def lists_accounts(provider: str) -> bool:
    """Return whether a provider can list all regions of an account at once."""
    return issubclass(provider_class(provider), AccountInventoryProvider)


def _read_and_keep(read: Read, read_kind: ReadKind, options: ReadOptions, watch: Watch) -> None:
    store = open_store()
    began = datetime.now(UTC)
    done = settled(store, read.account, read.regions, options.run_id)
    left = [kind for kind in read.kinds if _unsettled(read, [kind], done)]
    failures: list[SkyClustError] = []
    ask = partial(
        read_kinds,
        read_kind,
        read.regions,
        tuple(left),
        watch=watch,
        place=str(read),
        provider=read.account.provider,
    )
    try:
        for found in hear(ask, watch, str(read)):
            _warn(read, found)
            failures += keep(store, read.account, found, options)
            left.remove(found.kind)
            watch.settled = read.scopes - len(left) * len(read.regions)
    except Timeout as error:
        if error.code == SILENT:
            for region, kind in _unsettled(read, left, done):
                unread = Unread(read.account, region, kind, error, began)
                mark_failed(store, unread, options.run_id)
        raise
    if failures:
        urgent = first_worth_a_retry(failures)
        watch.pause(urgent)
        raise urgent


def _unsettled(
    read: Read, kinds: Sequence[ResourceKind], done: Collection[tuple[str, ResourceKind]]
) -> list[tuple[str, ResourceKind]]:
    return [
        (region, kind) for kind in kinds for region in read.regions if (region, kind) not in done
    ]


def _warn(read: Read, found: KindRead) -> None:
    """Log what could not be read, and what is not stored because its region is not named."""
    for region, error in found.unread.items():
        get_run_logger().warning("%s %s %s: %s", read.account, region, found.kind, error)
    if found.strays:
        where = ", ".join(f"{number} in {region}" for region, number in found.strays.items())
        get_run_logger().warning(
            "%s names no such regions, so what is there is not stored: %s of kind %s",
            read.account,
            where,
            found.kind,
        )
