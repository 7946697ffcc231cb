"""The rules that need no metrics: what is unused, old or stopped, and is paid for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from skyclust.costs.advice.deletions import deletion_of
from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.records import (
    Advice,
    AdviceAction,
    AdviceRule,
    NotAssessed,
    ResourceDeletion,
    Saving,
)
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource

UNUSED_FOR: Final = timedelta(days=7)
"""A disk or address that was freed less long ago may be in use again tomorrow."""

SNAPSHOT_AGE: Final = timedelta(days=90)
STOPPED_FOR: Final = timedelta(days=14)

NOT_FRESH: Final = "their scopes are not fresh: `skyclust inventory scopes` says why"
USERS_UNKNOWN: Final = "the cloud does not say what uses them"
NO_METRICS: Final = "SkyClust reads no metrics of this cloud: {provider}"
AGE_UNKNOWN: Final = "the cloud does not say when they were taken"

SavingOf = Callable[[StoredResource], Saving]

_KINDS: Final = {
    AdviceRule.UNATTACHED_DISK: ResourceKind.DISK,
    AdviceRule.UNUSED_ADDRESS: ResourceKind.ADDRESS,
    AdviceRule.OLD_SNAPSHOT: ResourceKind.SNAPSHOT,
    AdviceRule.STOPPED_INSTANCE: ResourceKind.INSTANCE,
}


def unused_resources(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    """Yield the advice of every rule of this module, in no order."""
    yield from _unattached_disks(estate, saving, now)
    yield from _unused_addresses(estate, saving, now)
    yield from _old_snapshots(estate, saving, now)
    yield from _stopped_instances(estate, saving, now)


def not_assessed(estate: Estate, now: datetime) -> list[NotAssessed]:
    """Return what the rules of this module could not look at, and what they looked at too early."""
    counts: Counter[tuple[str, AdviceRule, str]] = Counter()
    for rule, kind in _KINDS.items():
        counts.update((one.provider, rule, NOT_FRESH) for one in estate.not_fresh(kind))
        for one in estate.fresh(kind):
            if reason := _unknown(estate, rule, one, now):
                counts[one.provider, rule, reason] += 1
    return counted(counts)


def counted(counts: Mapping[tuple[str, AdviceRule, str], int]) -> list[NotAssessed]:
    """Return how many resources were not assessed, by provider, rule and reason."""
    return [
        NotAssessed(provider, rule, number, reason)
        for (provider, rule, reason), number in counts.items()
    ]


def _unknown(estate: Estate, rule: AdviceRule, resource: StoredResource, now: datetime) -> str:
    """Return why a rule cannot look at a resource, or not yet; empty where it can."""
    unchanged = now - estate.unchanged_since(resource)
    if rule is AdviceRule.OLD_SNAPSHOT:
        return AGE_UNKNOWN if resource.created_at is None else ""
    if rule is AdviceRule.STOPPED_INSTANCE:
        stopped = resource.state == InstanceState.STOPPED.value
        return _too_new(STOPPED_FOR) if stopped and unchanged < STOPPED_FOR else ""
    users = _users(resource)
    if users is None:
        return USERS_UNKNOWN
    return _too_new(UNUSED_FOR) if not users and unchanged < UNUSED_FOR else ""


def _too_new(time: timedelta) -> str:
    return f"the inventory knows their present state for less than {time.days} days"


def _users(resource: StoredResource) -> list[str] | None:
    """Return what uses a disk or address, None where that is not known.

    A disk that belongs to an instance goes with it, attached or not (Proxmox VE).
    """
    users = resource.attributes.get("attached_to")
    owner = resource.attributes.get("owner")
    if owner:
        return [str(owner)]
    return None if users is None else [str(one) for one in users]


def _unattached_disks(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    for disk in estate.fresh(ResourceKind.DISK):
        since = estate.unchanged_since(disk)
        if _users(disk) == [] and now - since >= UNUSED_FOR:
            size = disk.attributes.get("size_gib")
            evidence = [f"attached to nothing since {since:%Y-%m-%d} at least"]
            yield make_advice(
                AdviceRule.UNATTACHED_DISK,
                disk,
                saving(disk),
                [*evidence, f"{size} GiB"] if size is not None else evidence,
                "Take a snapshot if its content matters, then delete the disk.",
                deletion_of(disk),
            )


def _unused_addresses(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    for address in estate.fresh(ResourceKind.ADDRESS):
        since = estate.unchanged_since(address)
        if _users(address) == [] and now - since >= UNUSED_FOR:
            yield make_advice(
                AdviceRule.UNUSED_ADDRESS,
                address,
                saving(address),
                [f"used by nothing since {since:%Y-%m-%d} at least"],
                "Release the address.",
                deletion_of(address),
            )


def _old_snapshots(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    used = _ids(
        snapshot
        for image in estate.resources
        if image.kind is ResourceKind.IMAGE
        for snapshot in image.attributes.get("snapshots") or ()
    )
    for snapshot in estate.fresh(ResourceKind.SNAPSHOT):
        created = snapshot.created_at
        if created is None or now - created < SNAPSHOT_AGE or snapshot.id in used:
            continue
        instance = snapshot.attributes.get("instance")
        action = (
            AdviceAction(
                InstanceAction.DELETE_SNAPSHOT,
                str(instance),
                snapshot=snapshot.id,
            )
            if instance
            else deletion_of(snapshot)
        )
        yield make_advice(
            AdviceRule.OLD_SNAPSHOT,
            snapshot,
            saving(snapshot),
            [f"taken {created:%Y-%m-%d}", "no image of the inventory uses it"],
            "Delete the snapshot, unless a rule of retention wants it.",
            action,
        )


def _stopped_instances(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    for instance in estate.fresh(ResourceKind.INSTANCE):
        since = estate.unchanged_since(instance)
        if instance.state != InstanceState.STOPPED.value or now - since < STOPPED_FOR:
            continue
        evidence = [f"stopped since {since:%Y-%m-%d} at least"]
        if instance.attributes.get("billed"):
            evidence.append("stopped without releasing its capacity, which is billed")
        yield make_advice(
            AdviceRule.STOPPED_INSTANCE,
            instance,
            saving(instance),
            evidence,
            "Delete the instance, and its disks and addresses where they stay behind;"
            " keep a snapshot if its content matters.",
            AdviceAction(InstanceAction.DELETE, instance.id),
        )


def make_advice(  # noqa: PLR0917  # all of it is one piece of advice
    rule: AdviceRule,
    resource: StoredResource,
    saving: Saving,
    evidence: Sequence[str],
    what_to_do: str,
    action: AdviceAction | ResourceDeletion | None = None,
    evidence_at: datetime | None = None,
) -> Advice:
    """Return advice about a resource; its evidence is as old as the inventory by default."""
    return Advice(
        rule=rule,
        workspace_id=resource.workspace_id,
        credential=resource.credential,
        provider=resource.provider,
        region=resource.region,
        kind=resource.kind,
        resource_id=resource.id,
        resource_name=resource.name or resource.id,
        saving=saving,
        evidence=tuple(evidence),
        evidence_at=evidence_at or resource.observed_at,
        what_to_do=what_to_do,
        action=action,
    )


def _ids(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values)
