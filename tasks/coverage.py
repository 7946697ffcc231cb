"""Which places a sync reads, and which of them it could not read after all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from skyclust import registry
from skyclust.contract import InventoryProvider
from skyclust.errors import InvalidRequest, NotFound, SkyClustError, Unavailable
from skyclust.model.request import SyncRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeState
from tasks.accounts import Account


@dataclass(frozen=True)
class Read:
    """What one task reads of an account: the kinds of one region, or of several in one list.

    All kinds are those of one service of the cloud, which falls silent by itself; `service` is
    empty where a cloud has but one.
    """

    account: Account
    regions: tuple[str, ...]
    kinds: tuple[ResourceKind, ...]
    service: str = ""

    def __str__(self) -> str:
        """Return whose regions are read, and from which service, for the task run's name."""
        one = len(self.regions) == 1
        where = f"{self.account} {self.regions[0] if one else f'({len(self.regions)} regions)'}"
        return f"{where} {self.service}" if self.service else where

    @property
    def scopes(self) -> int:
        """Return how many scopes it settles."""
        return len(self.regions) * len(self.kinds)


@dataclass(frozen=True)
class Unread:
    """A scope that could not be read, and why; the read began no earlier than `began`."""

    account: Account
    region: str
    kind: ResourceKind
    error: SkyClustError
    began: datetime


Regions = Mapping[Account, Sequence[str] | SkyClustError]
"""What each account told of its regions, or why it did not."""


def reads(
    account: Account,
    told: Sequence[str],
    kinds: Sequence[ResourceKind],
    request: SyncRequest,
    *,
    at_once: bool,
) -> list[Read]:
    """Return what to read of an account: the asked-for regions that it has told.

    `kinds` are those that its provider can list; without any the account is left alone. Those
    of each service of the cloud are a read of their own, so that one that hangs keeps no other
    waiting. `at_once` says that the provider can list an account as a whole, which is worth it for
    more than one region.
    """
    regions = tuple(name for name in told if not request.regions or name in request.regions)
    wanted = tuple(request.kinds or kinds)
    if not wanted:
        return []
    places = [regions] if at_once and len(regions) > 1 else [(region,) for region in regions]
    services = _by_service(account.provider, wanted)
    return [
        Read(account, place, tuple(of_service), service)
        for place in places
        for service, of_service in services.items()
    ]


def _by_service(provider: str, kinds: Iterable[ResourceKind]) -> dict[str, list[ResourceKind]]:
    """Return the kinds by the service of the cloud that they are read from, in their order."""
    cloud = registry.provider_class(provider)
    services: dict[str, list[ResourceKind]] = {}
    for kind in kinds:
        service = cloud.service_of(kind) if issubclass(cloud, InventoryProvider) else ""
        services.setdefault(service, []).append(kind)
    return services


def refuse_unknown_regions(regions: Regions, request: SyncRequest) -> None:
    """Raise InvalidRequest for a region that no account has, if all of them told theirs."""
    told = [names for names in regions.values() if not isinstance(names, SkyClustError)]
    unknown = sorted(set(request.regions).difference(*told))
    if unknown and len(told) == len(regions):
        raise InvalidRequest(
            f"None of the accounts has the region {', '.join(map(repr, unknown))}.",
            hint="Regions are written as the cloud writes them, for example eu-central-1.",
        )


def unread(
    planned: Sequence[Read],
    failures: Mapping[Read, BaseException],
    *,
    regions: Regions,
    known: Mapping[Account, Iterable[Scope]],
    request: SyncRequest,
    started: datetime,
) -> list[Unread]:
    """Return the scopes that this sync had to settle and nobody has settled since it started.

    Those are the scopes of an account that did not tell its regions, of a region that the
    account has no more, and of a read that broke off.
    """
    missing: list[Unread] = []
    for one, told in regions.items():
        for scope in known[one]:
            region, kind = scope.key.region, scope.key.kind
            if not _asked(scope, request):
                continue
            if isinstance(told, SkyClustError):
                missing.append(Unread(one, region, kind, told, started))
            elif region not in told:
                missing.append(Unread(one, region, kind, _closed(one, region), started))
    for read in planned:
        settled = {
            (scope.key.region, scope.key.kind)
            for scope in known[read.account]
            if scope.attempted_at is not None and scope.attempted_at >= started
        }
        error = _broken_off(read, failures.get(read))
        missing += [
            Unread(read.account, region, kind, error, started)
            for region in read.regions
            for kind in read.kinds
            if (region, kind) not in settled
        ]
    return missing


def covered(
    planned: Sequence[Read], missing: Sequence[Unread], known: Iterable[Scope], account: Account
) -> list[Scope]:
    """Return the scopes of an account that this sync was to settle, as they are now."""
    places = {
        (region, kind)
        for read in planned
        if read.account == account
        for region in read.regions
        for kind in read.kinds
    } | {(one.region, one.kind) for one in missing if one.account == account}
    return [scope for scope in known if (scope.key.region, scope.key.kind) in places]


def reasons(
    settled: Mapping[Account, Sequence[Scope]], problems: Mapping[Account, SkyClustError]
) -> dict[Account, str]:
    """Return for each account that is not fresh as a whole why it is not, by name.

    Of several reasons that of most scopes is given, with how many others there are.
    """
    found: dict[Account, str] = {}
    for account in sorted(settled, key=str):
        problem = problems.get(account)
        counted = Counter(
            scope.error
            for scope in settled[account]
            if scope.error and scope.state in {ScopeState.STALE, ScopeState.FAILED}
        )
        if problem is not None:
            found[account] = str(problem)
        elif counted:
            (first, _), *others = counted.most_common()
            found[account] = first + (f" ({len(others)} other reasons)" if others else "")
    return found


def describe(error: BaseException) -> str:
    """Return an error outside the tree as its class and its words."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _asked(scope: Scope, request: SyncRequest) -> bool:
    return (not request.regions or scope.key.region in request.regions) and (
        not request.kinds or scope.key.kind in request.kinds
    )


def _closed(account: Account, region: str) -> NotFound:
    return NotFound(
        f"Region {region} is not open to {account.credential} any more.",
        hint="Enable the region again, or remove the credential to forget what was there.",
    )


def _broken_off(read: Read, error: BaseException | None) -> SkyClustError:
    if isinstance(error, SkyClustError):
        return error
    what = describe(error) if error else "no reason was given"
    return Unavailable(f"The read of {read} broke off: {what}.")
