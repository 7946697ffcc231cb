"""Reading what exists: one task finds an account's regions, one reads a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from skyclust import errors
from skyclust.contract import InventoryProvider, Provider
from skyclust.errors import SkyClustError, Transient, Unsupported
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import ScopeKey, ScopeState
from skyclust.orchestration.credentials import open_provider
from skyclust.registry import capability, provider_class
from skyclust.store import resources, scopes
from skyclust.store.engine import Store, open_store
from tasks.accounts import Account
from tasks.coverage import Unread
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient

_TRANSIENT: Final = frozenset(error.__name__ for error in errors.Transient.__subclasses__())


@dataclass(frozen=True)
class ReadOptions:
    """How a read is stored: the mass-delete brake and the run that reads."""

    run_id: str
    brake_share: float
    allow_mass_delete: bool


@dataclass(frozen=True)
class CompleteRead:
    """All resources of a kind in a region, as they were when the read began or later."""

    region: str
    kind: ResourceKind
    started_at: datetime
    resources: list[Resource]


@task(
    name="discover regions",
    task_run_name="discover regions of {account}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def discover_regions(account: Account) -> list[str]:
    """Return the names of the regions that the account may use, sorted."""
    provider = open_provider(open_store(), account.workspace_id, account.credential)
    return sorted(provider.regions())


@task(
    name="read region",
    task_run_name="read {account} {region}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_region(
    account: Account, region: str, kinds: Sequence[ResourceKind], options: ReadOptions
) -> None:
    """Read the kinds of one region and store each as soon as its read is complete.

    A kind that could not be read is marked so at once and does not keep the others from
    being read. A retry reads the kinds that this run has not settled yet. Raises the error
    of a kind that could not be read: a Transient one first, for it is worth a retry.
    """
    store = open_store()
    provider = open_provider(store, account.workspace_id, account.credential)
    settled = _settled(store, account, region, options.run_id)
    failures: list[SkyClustError] = []
    for kind in [kind for kind in kinds if kind not in settled]:
        try:
            _store(store, account, _read_kind(provider, region, kind), options)
        except Unsupported as error:
            mark_failed(store, Unread(account, region, kind, error), options.run_id)
        except SkyClustError as error:
            get_run_logger().warning("%s %s %s: %s", account, region, kind, error)
            mark_failed(store, Unread(account, region, kind, error), options.run_id)
            failures.append(error)
    if failures:
        raise min(failures, key=_worth_a_retry)


def readable_kinds(provider: str) -> list[ResourceKind]:
    """Return the kinds that a provider can list, in the order of the model; empty if none."""
    cloud = provider_class(provider)
    if not issubclass(cloud, InventoryProvider):
        return []
    return [kind for kind in ResourceKind if kind in cloud.kinds]


def mark_failed(store: Store, unread: Unread, run_id: str) -> None:
    """Write why a scope could not be read; its rows stay, and are stale from now on."""
    account = unread.account
    key = ScopeKey(credential=account.credential, region=unread.region, kind=unread.kind)
    with store.writing() as connection:
        scopes.mark_failed(
            connection, account.workspace_id, key, account.provider, unread.error, run_id
        )


def _store(store: Store, account: Account, read: CompleteRead, options: ReadOptions) -> None:
    """Put a complete read in the place of what the store had of its scope."""
    with store.writing() as connection:
        resources.replace_scope(
            connection,
            account.workspace_id,
            ScopeKey(credential=account.credential, region=read.region, kind=read.kind),
            account.provider,
            read.resources,
            read_started_at=read.started_at,
            run_id=options.run_id,
            brake_share=options.brake_share,
            allow_mass_delete=options.allow_mass_delete,
        )


def _read_kind(provider: Provider, region: str, kind: ResourceKind) -> CompleteRead:
    """Return everything of a kind in a region; raises instead of returning a part of it."""
    inventory = capability(provider, InventoryProvider)
    started_at = datetime.now(UTC)
    found: list[Resource] = []
    for page in inventory.list_resources(region, kind):
        found.extend(page)
    return CompleteRead(region, kind, started_at, found)


def _settled(store: Store, account: Account, region: str, run_id: str) -> set[ResourceKind]:
    """Return the kinds that this run has read, or has failed to read for good."""
    with store.reading() as connection:
        known = scopes.list_all(
            connection, account.workspace_id, credentials=[account.credential], regions=[region]
        )
    return {
        scope.key.kind
        for scope in known
        if scope.run_id == run_id
        and (scope.state is ScopeState.FRESH or scope.error_class not in _TRANSIENT)
    }


def _worth_a_retry(error: SkyClustError) -> tuple[bool, float]:
    """Sort Transient errors first, and among them the one that asks for the longest wait."""
    retry_after = error.retry_after if isinstance(error, errors.Throttled) else None
    return (not isinstance(error, Transient), -(retry_after or 0.0))
