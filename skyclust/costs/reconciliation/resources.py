"""The ledger against the inventory, resource by resource, in four ways.

What is paid for and is not there; what is there and is not paid for; instances that SkyClust
created and that nobody bills; what nobody owns. An account whose days are gaps and a scope that is
not fresh prove nothing: what depends on them is not assessed, with the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from skyclust.costs.advice.estate import Estate
from skyclust.costs.advice.paid_costs import PaidCosts, PaidDay
from skyclust.costs.billed_ids import BilledId
from skyclust.costs.reconciliation.account_links import (
    accounts_of_credentials,
    credentials_of,
    credentials_of_accounts,
)
from skyclust.costs.reconciliation.mismatches import (
    Mismatch,
    MismatchedResource,
    ResourceReport,
)
from skyclust.costs.resource_matching import Matches, resource_key
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.model.stored import StoredResource

RECENT_DAYS: Final = 3
"""The newest delivered days of an account, on which what is billed should be there."""

OLD_ENOUGH: Final = timedelta(days=2)
"""Usage reaches a bill within a day or two (https://docs.aws.amazon.com/cur/latest/userguide/\
what-is-cur.html: updated at least once a day); a younger resource may be billed later."""

BILLED_KINDS: Final = (
    ResourceKind.INSTANCE,
    ResourceKind.DISK,
    ResourceKind.SNAPSHOT,
    ResourceKind.ADDRESS,
    ResourceKind.LOAD_BALANCER,
)

OWNER_TAG: Final = "owner"


@dataclass(frozen=True)
class ComparedEstate:
    """What the four ways compare.

    `matches` has the resources of the estate and those that are gone since the oldest recent day.
    `accounts` are the accounts of the credentials, `ours` the unique or plain ids of the instances
    that SkyClust created, `owner_keys` the keys of tags that name the owner of a resource.
    """

    estate: Estate
    paid: PaidCosts
    matches: Matches
    accounts: Mapping[str, str | None]
    ours: Collection[str] = ()
    owner_keys: Sequence[str] = ()
    today: date = field(default=date.max)


def compare_resources(compared: ComparedEstate) -> ResourceReport:
    """Return what ledger and inventory disagree about, by way, provider and id."""
    skipped: Counter[tuple[Mismatch, str]] = Counter()
    found = [
        *_costs_without_resource(compared, skipped),
        *_resources_without_cost(compared, skipped),
        *_without_owner(compared, skipped),
    ]
    order = list(Mismatch)
    found.sort(
        key=lambda one: (order.index(one.mismatch), one.provider, one.account, one.kind, one.id)
    )
    return ResourceReport(found, dict(skipped))


def _costs_without_resource(
    compared: ComparedEstate, skipped: Counter[tuple[Mismatch, str]]
) -> Iterator[MismatchedResource]:
    way = Mismatch.COST_WITHOUT_RESOURCE
    links = credentials_of_accounts(compared.matches, compared.paid, compared.accounts)
    for billed in compared.matches.unmatched:
        days = _recent(compared, compared.paid.days[billed])
        if not days:
            continue
        if billed.kind is None:
            yield _cost(Mismatch.OTHER_KIND, billed, days, billed.type or "")
            continue
        credentials = credentials_of(links, days)
        if not credentials:
            skipped[way, "no credential of the inventory is known to read their account"] += 1
        elif not _all_fresh(compared.estate, credentials, billed.kind):
            skipped[way, "scopes of their kind and account are not fresh"] += 1
        else:
            yield _cost(way, billed, days, "the inventory does not have it")


def _resources_without_cost(
    compared: ComparedEstate, skipped: Counter[tuple[Mismatch, str]]
) -> Iterator[MismatchedResource]:
    links = accounts_of_credentials(compared.matches, compared.paid, compared.accounts)
    billed_kinds = _billed_kinds(compared)
    for resource in compared.estate.resources:
        if resource.kind not in BILLED_KINDS or compared.matches.billed_ids.get(
            resource_key(resource)
        ):
            continue
        ours = bool(
            {resource.id, str(resource.attributes.get("unique_id"))} & set(compared.ours)
        ) and (resource.kind is ResourceKind.INSTANCE)
        way = Mismatch.OURS_NOT_BILLED if ours else Mismatch.RESOURCE_WITHOUT_COST
        if resource.kind is ResourceKind.INSTANCE and not _is_charged(resource):
            continue
        reason = _why_unknown(compared, resource, links, billed_kinds)
        if reason:
            skipped[way, reason] += 1
            continue
        yield _resource(way, resource, "no bill names it", ", ".join(links[resource.credential]))


def _why_unknown(
    compared: ComparedEstate,
    resource: StoredResource,
    links: Mapping[str, Collection[str]],
    billed_kinds: Collection[tuple[str, ResourceKind]],
) -> str:
    """Return why the lack of a cost proves nothing, an empty text where it does."""
    if resource.scope_state is not ScopeState.FRESH:
        return "their scopes are not fresh"
    accounts = links.get(resource.credential, ())
    if not accounts:
        return "no bill of their account was delivered"
    newest = [compared.paid.accounts[one].newest for one in accounts]
    if any(day is None or compared.today - day > timedelta(RECENT_DAYS) for day in newest):
        return "the newest days of their account are gaps"
    last = min(day for day in newest if day is not None)
    if resource.first_seen_at.date() + OLD_ENOUGH > last:
        return "the inventory has them for less than two days of the bill"
    if (resource.credential, resource.kind) not in billed_kinds:
        return "the bill of their account names no resource of their kind"
    return ""


def _without_owner(
    compared: ComparedEstate, skipped: Counter[tuple[Mismatch, str]]
) -> Iterator[MismatchedResource]:
    for resource in compared.estate.resources:
        if resource.kind not in BILLED_KINDS:
            continue
        if resource.scope_state is not ScopeState.FRESH:
            skipped[Mismatch.WITHOUT_OWNER, "their scopes are not fresh"] += 1
            continue
        there = {key.lower() for key, value in resource.tags.items() if value.strip()}
        keys = compared.owner_keys or (OWNER_TAG,)
        missing = [key for key in keys if key.lower() not in there]
        if missing:
            account = compared.accounts.get(resource.credential) or ""
            detail = f"lacks {', '.join(missing)}"
            yield _resource(Mismatch.WITHOUT_OWNER, resource, detail, account)


def _is_charged(resource: StoredResource) -> bool:
    """Return whether an instance is charged for itself: it runs, or is billed while stopped."""
    running = resource.state == InstanceState.RUNNING.value
    return running or bool(resource.attributes.get("billed"))


def _recent(compared: ComparedEstate, days: Sequence[PaidDay]) -> list[PaidDay]:
    """Return those of the paid days that are among the newest of their account and cost."""
    found = []
    for day in days:
        account = compared.paid.accounts.get(day.account)
        newest = account.newest if account else None
        if newest is not None and newest - day.day < timedelta(RECENT_DAYS) and day.amount != 0:
            found.append(day)
    return found


def _billed_kinds(compared: ComparedEstate) -> set[tuple[str, ResourceKind]]:
    """Return the kinds of which the bill names a resource that a credential reads."""
    return {
        (one.credential, one.kind)
        for resources in compared.matches.resources.values()
        for one in resources
    }


def _all_fresh(estate: Estate, credentials: Collection[str], kind: ResourceKind) -> bool:
    """Return whether every scope of a kind of each credential was read completely."""
    for credential in credentials:
        states = [
            scope.state
            for scope in estate.scopes
            if scope.key.credential == credential and scope.key.kind is kind
        ]
        if not states or any(state is not ScopeState.FRESH for state in states):
            return False
    return True


def _cost(
    way: Mismatch, billed: BilledId, days: Sequence[PaidDay], detail: str
) -> MismatchedResource:
    currencies = {day.currency for day in days}
    amounts = [day.amount for day in days]
    known = len(currencies) == 1 and None not in amounts
    first = days[0]
    return MismatchedResource(
        mismatch=way,
        provider=billed.provider,
        account=first.sub_account or first.account,
        id=billed.id,
        kind=billed.kind.value if billed.kind else "",
        amount=sum((one for one in amounts if one is not None), Decimal(0)) if known else None,
        currency=first.currency if known else "",
        detail=detail,
    )


def _resource(
    way: Mismatch, resource: StoredResource, detail: str, account: str
) -> MismatchedResource:
    return MismatchedResource(
        mismatch=way,
        provider=resource.provider,
        account=account,
        id=resource.id,
        name=resource.name,
        kind=resource.kind.value,
        credential=resource.credential,
        region=resource.region,
        detail=detail,
    )
