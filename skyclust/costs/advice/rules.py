"""The rules that need no metrics: what is unused, old or stopped, and is paid for.

A resource of a scope that is not fresh is not assessed: it may have changed since. One with the
tag `skyclust:keep` is wanted as it is, and no rule looks at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skyclust.costs.advice.records import (
    Advice,
    AdviceAction,
    AdviceRule,
    NotAssessed,
    Saving,
)
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.model.stored import StoredResource

KEEP_TAG: Final = "skyclust:keep"

UNUSED_FOR: Final = timedelta(days=7)
"""A disk or address that was freed less long ago may be in use again tomorrow."""

SNAPSHOT_AGE: Final = timedelta(days=90)
STOPPED_FOR: Final = timedelta(days=14)

SavingOf = Callable[[StoredResource], Saving]


@dataclass(frozen=True)
class Estate:
    """The resources of a workspace and the ids that are needed to judge them.

    `unchanged_since` gives the time since which a resource is as it is now.
    """

    resources: Sequence[StoredResource]
    unchanged_since: Callable[[StoredResource], datetime]

    def fresh(self, kind: ResourceKind) -> list[StoredResource]:
        """Return the resources of a kind that may be judged."""
        return [
            one
            for one in self.resources
            if one.kind is kind and one.scope_state is ScopeState.FRESH and not is_kept(one)
        ]

    def stale(self, kind: ResourceKind) -> int:
        """Return how many resources of a kind are of scopes that are not fresh."""
        return sum(
            one.kind is kind and one.scope_state is not ScopeState.FRESH for one in self.resources
        )


def is_kept(resource: StoredResource) -> bool:
    """Return whether a tag says that the resource is wanted as it is."""
    return KEEP_TAG in resource.tags


def unused_resources(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    """Yield the advice of every rule of this module, most of it to be sorted by the caller."""
    yield from _unattached_disks(estate, saving, now)
    yield from _unused_addresses(estate, saving, now)
    yield from _old_snapshots(estate, saving, now)
    yield from _stopped_instances(estate, saving, now)


def not_assessed(estate: Estate) -> list[NotAssessed]:
    """Return what the rules of this module could not look at."""
    kinds = {
        AdviceRule.UNATTACHED_DISK: ResourceKind.DISK,
        AdviceRule.UNUSED_ADDRESS: ResourceKind.ADDRESS,
        AdviceRule.OLD_SNAPSHOT: ResourceKind.SNAPSHOT,
        AdviceRule.STOPPED_INSTANCE: ResourceKind.INSTANCE,
    }
    reason = "their scopes are not fresh: `skyclust inventory scopes` says why"
    return [
        NotAssessed(rule, number, reason)
        for rule, kind in kinds.items()
        if (number := estate.stale(kind))
    ]


def _unattached_disks(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    for disk in estate.fresh(ResourceKind.DISK):
        since = estate.unchanged_since(disk)
        # A disk that belongs to an instance goes with it, attached or not (Proxmox VE).
        if disk.attributes.get("attached_to") or disk.attributes.get("owner"):
            continue
        if now - since >= UNUSED_FOR:
            size = disk.attributes.get("size_gib")
            yield _advice(
                AdviceRule.UNATTACHED_DISK,
                disk,
                saving,
                [f"attached to nothing since {since:%Y-%m-%d} at least", f"{size} GiB"],
                "Take a snapshot if its content matters, then delete the disk.",
            )


def _unused_addresses(estate: Estate, saving: SavingOf, now: datetime) -> Iterator[Advice]:
    for address in estate.fresh(ResourceKind.ADDRESS):
        since = estate.unchanged_since(address)
        if not address.attributes.get("attached_to") and now - since >= UNUSED_FOR:
            yield _advice(
                AdviceRule.UNUSED_ADDRESS,
                address,
                saving,
                [f"used by nothing since {since:%Y-%m-%d} at least"],
                "Release the address.",
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
                InstanceAction.DELETE_SNAPSHOT.value,
                str(instance),
                (("snapshot", snapshot.id),),
            )
            if instance
            else None
        )
        yield _advice(
            AdviceRule.OLD_SNAPSHOT,
            snapshot,
            saving,
            [f"taken {created:%Y-%m-%d}", "no image uses it"],
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
        yield _advice(
            AdviceRule.STOPPED_INSTANCE,
            instance,
            saving,
            evidence,
            "Delete the instance with its disks, or keep a snapshot and delete it.",
            AdviceAction(InstanceAction.DELETE.value, instance.id),
        )


def _advice(  # noqa: PLR0917  # all of it is one piece of advice
    rule: AdviceRule,
    resource: StoredResource,
    saving: SavingOf,
    evidence: Sequence[str],
    what_to_do: str,
    action: AdviceAction | None = None,
) -> Advice:
    return Advice(
        rule=rule,
        workspace_id=resource.workspace_id,
        credential=resource.credential,
        provider=resource.provider,
        region=resource.region,
        kind=resource.kind,
        resource_id=resource.id,
        resource_name=resource.name or resource.id,
        saving=saving(resource),
        evidence=tuple(evidence),
        evidence_at=resource.observed_at,
        what_to_do=what_to_do,
        action=action,
    )


def _ids(values: Iterable[object]) -> frozenset[str]:
    return frozenset(str(value) for value in values)
