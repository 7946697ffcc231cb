"""The plan of a sync: which reads it needs, and which scopes could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from skyclust import registry
from skyclust.contract import AccountInventoryProvider, InventoryProvider
from skyclust.errors import InvalidRequest, NotFound, SkyClustError, Unavailable
from skyclust.model.credential_key import CredentialKey
from skyclust.model.request import SyncRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope


@dataclass(frozen=True)
class Read:
    """What one task reads of a credential: kinds of one region, or of several in one list.

    All kinds are read from one service of the cloud; `service` is empty where a cloud has but
    one.
    """

    credential: CredentialKey
    regions: tuple[str, ...]
    kinds: tuple[ResourceKind, ...]
    service: str = ""

    def __str__(self) -> str:
        """Return the credential, the region and the service, for the task run's name."""
        several = f"({len(self.regions)} regions)"
        where = self.regions[0] if len(self.regions) == 1 else several
        return " ".join(filter(None, (str(self.credential), where, self.service)))

    @property
    def scopes(self) -> int:
        """Return how many scopes it settles."""
        return len(self.regions) * len(self.kinds)


@dataclass(frozen=True)
class Unread:
    """A scope that could not be read, and why; the read began no earlier than `began`."""

    credential: CredentialKey
    region: str
    kind: ResourceKind
    error: SkyClustError
    began: datetime


Regions = Mapping[CredentialKey, Sequence[str] | SkyClustError]
"""The regions of each credential, or why they could not be discovered."""


def readable_kinds(provider: str) -> list[ResourceKind]:
    """Return the kinds that a provider can list, in the order of the model; empty if none."""
    cloud = registry.provider_class(provider)
    if not issubclass(cloud, InventoryProvider):
        return []
    return [kind for kind in ResourceKind if kind in cloud.kinds]


def lists_accounts(provider: str) -> bool:
    """Return whether a provider can list all regions of an account in one list."""
    return issubclass(registry.provider_class(provider), AccountInventoryProvider)


def plan_reads(
    credential: CredentialKey,
    regions: Sequence[str],
    kinds: Sequence[ResourceKind],
    request: SyncRequest,
    *,
    whole_account: bool,
) -> list[Read]:
    """Return the reads of a credential: its regions as far as they are requested.

    `kinds` are those that its provider can list; without any there is nothing to read. The kinds
    of each service of the cloud are a read of their own, so that one service that does not answer
    delays no other. `whole_account` says that the provider can list an account as a whole, which
    pays off for more than one region.
    """
    chosen = tuple(name for name in regions if not request.regions or name in request.regions)
    requested = tuple(request.kinds or kinds)
    if not requested:
        return []
    lists = [chosen] if whole_account and len(chosen) > 1 else [(region,) for region in chosen]
    services = _by_service(credential.provider, requested)
    return [
        Read(credential, names, tuple(of_service), service)
        for names in lists
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
    """Raise InvalidRequest for a region that no credential has, if all regions are known."""
    known = [names for names in regions.values() if not isinstance(names, SkyClustError)]
    unknown = sorted(set(request.regions).difference(*known))
    if unknown and len(known) == len(regions):
        raise InvalidRequest(
            f"None of the credentials has the region {', '.join(map(repr, unknown))}.",
            hint="Regions are written as the cloud writes them, for example eu-central-1.",
        )


def unread_scopes(
    planned: Sequence[Read],
    failures: Mapping[Read, BaseException],
    *,
    regions: Regions,
    known: Mapping[CredentialKey, Iterable[Scope]],
    request: SyncRequest,
    started: datetime,
) -> list[Unread]:
    """Return the scopes that this sync had to settle and that nothing settled since it started.

    Those are the scopes of a credential whose regions could not be discovered, of a region that
    the credential no longer has, and of a read that broke off.
    """
    missing: list[Unread] = []
    for credential, names in regions.items():
        for scope in known[credential]:
            region, kind = scope.key.region, scope.key.kind
            if not _is_requested(scope, request):
                continue
            if isinstance(names, SkyClustError):
                missing.append(Unread(credential, region, kind, names, started))
            elif region not in names:
                error = _region_closed(credential, region)
                missing.append(Unread(credential, region, kind, error, started))
    for read in planned:
        settled = {
            (scope.key.region, scope.key.kind)
            for scope in known[read.credential]
            if scope.attempted_at is not None and scope.attempted_at >= started
        }
        broken_off = _broken_off(read, failures.get(read))
        missing += [
            Unread(read.credential, region, kind, broken_off, started)
            for region in read.regions
            for kind in read.kinds
            if (region, kind) not in settled
        ]
    return missing


def covered_scopes(
    planned: Sequence[Read],
    missing: Sequence[Unread],
    known: Iterable[Scope],
    credential: CredentialKey,
) -> list[Scope]:
    """Return the scopes of a credential that this sync had to settle, as they are now."""
    covered = {
        (region, kind)
        for read in planned
        if read.credential == credential
        for region in read.regions
        for kind in read.kinds
    } | {(scope.region, scope.kind) for scope in missing if scope.credential == credential}
    return [scope for scope in known if (scope.key.region, scope.key.kind) in covered]


def describe(error: BaseException) -> str:
    """Return an error from outside the tree as its class and its message."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _is_requested(scope: Scope, request: SyncRequest) -> bool:
    return (not request.regions or scope.key.region in request.regions) and (
        not request.kinds or scope.key.kind in request.kinds
    )


def _region_closed(credential: CredentialKey, region: str) -> NotFound:
    return NotFound(
        f"Region {region} is no longer open to {credential}.",
        hint="Enable the region again, or remove the credential to forget its resources.",
    )


def _broken_off(read: Read, error: BaseException | None) -> SkyClustError:
    if isinstance(error, SkyClustError):
        return error
    reason = describe(error) if error else "no reason was given"
    return Unavailable(f"The read of {read} broke off: {reason}.")
