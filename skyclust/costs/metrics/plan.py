"""Which metrics are read: of which instances, and over which window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skyclust.contract import MetricsProvider
from skyclust.errors import SkyClustError
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from skyclust.registry import provider_class
from skyclust.store import instance_metrics, resources
from skyclust.store.engine import Store

WINDOW: Final = timedelta(days=14)
"""The default look-back of AWS Compute Optimizer
(https://docs.aws.amazon.com/compute-optimizer/latest/ug/view-idle-recommendations.html)."""

READ_AGAIN_AFTER: Final = timedelta(hours=20)
"""Summaries are of days, and reading them may cost money: one read a day is enough."""


@dataclass(frozen=True)
class DueMetrics:
    """The instances of a credential to read, by region, those that were read longest ago first.

    `gone` are the ids, by region, of instances that are known from before and exist no more.
    """

    instances: Mapping[str, Sequence[StoredResource]]
    gone: Mapping[str, Sequence[str]]


def window(now: datetime) -> tuple[datetime, datetime]:
    """Return the window that is read: up to the last whole hour."""
    end = now.replace(minute=0, second=0, microsecond=0)
    return end - WINDOW, end


def due_metrics(store: Store, credential: CredentialKey, now: datetime) -> DueMetrics:
    """Return the running instances whose metrics were not read in the last hours, or never."""
    owner, name = credential.workspace_id, credential.name
    with store.reading() as connection:
        found = resources.find(connection, owner, credentials=[name], kinds=[ResourceKind.INSTANCE])
        kept = instance_metrics.list_all(connection, owner, credentials=[name])
    existing = {(one.region, one.id): one for one in found}
    read_at = {(one.region, one.instance_id): one.read_at for one in kept}
    never = datetime.min.replace(tzinfo=now.tzinfo)
    due: dict[str, list[StoredResource]] = {}
    for key in sorted(existing, key=lambda one: (read_at.get(one) or never, one)):
        instance, last = existing[key], read_at.get(key)
        if instance.state != InstanceState.RUNNING.value:
            continue
        if last is None or now - last >= READ_AGAIN_AFTER:
            due.setdefault(instance.region, []).append(instance)
    gone: dict[str, list[str]] = {}
    for region, instance_id in read_at:
        if (region, instance_id) not in existing:
            gone.setdefault(region, []).append(instance_id)
    return DueMetrics(due, gone)


def reads_metrics(provider: str) -> bool:
    """Return whether a provider reads metrics; one that cannot be loaded is tried, and fails."""
    try:
        return issubclass(provider_class(provider), MetricsProvider)
    except SkyClustError:
        return True
