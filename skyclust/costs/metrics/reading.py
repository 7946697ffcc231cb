"""Reading the metrics of an account, region by region, and keeping them page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from skyclust.contract import CostCalls, MetricsProvider, Provider
from skyclust.costs.metrics.plan import due_metrics, window
from skyclust.costs.metrics.sizes import read_types, resize_options
from skyclust.errors import IncompleteList, SkyClustError, Transient, Unsupported, tree_class
from skyclust.log import Log
from skyclust.model.catalog import InstanceType
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance_metrics import InstanceMetrics
from skyclust.model.stored import StoredResource
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store import instance_metrics
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class MetricsRead:
    """What one read of an account's metrics did.

    `instances` is how many were read, `failed` how many were not, and `reason` why the first of
    these was not. `calls` are the priced metrics of it.
    """

    credential: CredentialKey
    instances: int = 0
    failed: int = 0
    reason: str = ""
    calls: CostCalls | None = None


@dataclass(frozen=True)
class _Region:
    """The part of an account that is read at a time."""

    store: Store
    credential: CredentialKey
    name: str
    instances: Sequence[StoredResource]
    now: datetime

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.instances]

    def keep(self, page: Sequence[InstanceMetrics], types: Mapping[str, InstanceType]) -> None:
        by_id = {one.id: one for one in self.instances}
        summaries = [(one, resize_options(by_id[one.instance_id], types)) for one in page]
        owner, name = self.credential.workspace_id, self.credential.name
        self.store.write(
            lambda connection: instance_metrics.keep(
                connection, owner, name, self.name, summaries, self.now
            )
        )

    def mark_failed(self, instance_ids: Sequence[str], reason: str) -> None:
        owner, name = self.credential.workspace_id, self.credential.name
        self.store.write(
            lambda connection: instance_metrics.mark_failed(
                connection, owner, name, self.name, instance_ids, reason, self.now
            )
        )


def read_account_metrics(
    store: Store, provider: Provider, credential: CredentialKey, now: datetime, log: Log
) -> MetricsRead:
    """Read the metrics of an account's running instances that are due, and keep a summary of each.

    A region that cannot be read keeps its earlier summaries, with the reason. Raises the first
    Transient error after every region was tried, so that another attempt reads what is left;
    Unsupported for a provider that reads no metrics.
    """
    if not isinstance(provider, MetricsProvider):
        raise Unsupported(
            f"Provider {credential.provider!r} reads no metrics.", provider=credential.provider
        )
    due = due_metrics(store, credential, now)
    for gone_from, ids in due.gone.items():
        owner = credential.workspace_id
        store.write(partial(_forget, owner, credential.name, gone_from, ids))
    read, failed, reason = 0, 0, ""
    transient: Transient | None = None
    for name, instances in due.instances.items():
        region = _Region(store, credential, name, instances, now)
        done, problem = _read_region(provider, provider, region, log)
        read += done
        failed += len(instances) - done
        reason = reason or (reason_of(problem) if problem else "")
        if transient is None and isinstance(problem, Transient):
            transient = problem
    if transient is not None:
        raise transient
    return MetricsRead(credential, read, failed, reason, provider.metrics_read())


def note_failure(
    store: Store, credential: CredentialKey, error: SkyClustError, now: datetime
) -> MetricsRead:
    """Keep why the metrics of an account were not read at all, with each instance that was due."""
    failed = 0
    for name, instances in due_metrics(store, credential, now).instances.items():
        region = _Region(store, credential, name, instances, now)
        region.mark_failed(region.ids, reason_of(error))
        failed += len(instances)
    return MetricsRead(credential, failed=failed, reason=reason_of(error))


def summary_of(reads: Sequence[MetricsRead]) -> str:
    """Return a sentence on what was read, for the message of a run; empty where nothing was due."""
    read, failed = sum(one.instances for one in reads), sum(one.failed for one in reads)
    if not read and not failed:
        return ""
    text = f"Metrics of {read} instances read"
    priced = [one.calls for one in reads if one.calls is not None]
    if any(one.calls for one in priced):
        price = sum((one.price for one in priced), Decimal(0))
        text += f" for {price:f} {priced[0].currency}"
    if failed:
        reason = next(one.reason for one in reads if one.failed)
        text += f", of {failed} not: {reason.removesuffix('.')}"
    return f"{text}."


def reason_of(error: SkyClustError) -> str:
    """Return why a read failed, for people."""
    return f"{tree_class(error).__name__}: {error.message}"


def _read_region(
    provider: Provider, metrics: MetricsProvider, region: _Region, log: Log
) -> tuple[int, SkyClustError | None]:
    """Return how many instances of a region were read, and what ended the read early."""
    left = dict.fromkeys(region.ids)
    try:
        with provider_errors(region.credential.provider, "read the metrics"):
            types = _types(provider, region.name, log)
            for page in metrics.read_metrics(region.name, region.ids, *window(region.now)):
                wanted = [one for one in page if one.instance_id in left]
                region.keep(wanted, types)
                for one in wanted:
                    del left[one.instance_id]
    except IncompleteList as error:
        for item in error.items:
            region.mark_failed([item.name], f"{tree_class(error).__name__}: {item.reason}")
        return len(region.ids) - len(left), error
    except SkyClustError as error:
        log.warning("metrics of %s: %s", region.name, error)
        region.mark_failed(list(left), reason_of(error))
        return len(region.ids) - len(left), error
    return len(region.ids) - len(left), None


def _types(provider: Provider, region: str, log: Log) -> Mapping[str, InstanceType]:
    """Return the types of a region; without them metrics are read, and no smaller type is known."""
    try:
        return read_types(provider, region)
    except Transient:
        raise
    except SkyClustError as error:
        log.warning("instance types of %s: %s", region, error)
        return {}


def _forget(
    owner: str, credential: str, region: str, ids: Sequence[str], connection: Connection
) -> None:
    instance_metrics.forget(connection, owner, credential, region, ids)
