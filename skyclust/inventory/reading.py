"""Reading the kinds of a read from the cloud, and storing each as soon as it is complete."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from skyclust.contract import AccountInventoryProvider, InventoryProvider, Provider
from skyclust.errors import SkyClustError, Timeout
from skyclust.inventory.kind_read import KindRead
from skyclust.inventory.listing import ReadKind, list_account, list_region, read_kinds
from skyclust.inventory.read_liveness import NO_ANSWER, ReadLiveness, results_while_alive
from skyclust.inventory.read_plan import Read, Unread
from skyclust.inventory.storing import (
    ReadOptions,
    first_to_retry,
    mark_failed,
    settled_scopes,
    store_read,
)
from skyclust.log import Log
from skyclust.model.credential_key import CredentialKey
from skyclust.model.resource import ResourceKind
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.store.engine import Store


@dataclass(frozen=True)
class Reader:
    """The store that a read is written to, how it is stored, and where to log."""

    store: Store
    options: ReadOptions
    log: Log


def discover_regions(
    provider: Provider, credential: CredentialKey, liveness: ReadLiveness
) -> list[str]:
    """Return the names of the regions that the credential may use, sorted.

    Raises Timeout when the cloud does not answer for too long, over all attempts.
    """

    def call(emit: Callable[[list[str]], None]) -> None:
        with provider_errors(credential.provider, f"list the regions of {credential}"):
            emit(sorted(provider.regions()))

    [regions] = results_while_alive(call, liveness, f"Credential {credential}")
    return regions


def read_region(provider: Provider, read: Read, reader: Reader, liveness: ReadLiveness) -> None:
    """Read the kinds of one region and store each as soon as its read is complete.

    A kind that could not be read is marked at once and does not keep the others from being
    read. A retry reads the kinds that this run has not settled yet. Raises the error of a kind
    that could not be read: a Transient one first, because a retry may succeed.
    """
    inventory = capability(provider, InventoryProvider)
    [region] = read.regions
    read_kind = partial(list_region, inventory, region, liveness.answered)
    _read_and_store(read, read_kind, reader, liveness)


def read_account(
    provider: Provider,
    read: Read,
    all_regions: Sequence[str],
    reader: Reader,
    liveness: ReadLiveness,
) -> None:
    """Read the kinds of several regions, each kind in one list of the account, and store them.

    As `read_region`, region by region of a kind; a retry lists the kinds again that this run
    has not settled in every region. `all_regions` are the regions that the account names: of
    resources listed in others only the number is logged.
    """
    inventory = capability(provider, AccountInventoryProvider)
    read_kind = partial(list_account, inventory, read.regions, all_regions, liveness.answered)
    _read_and_store(read, read_kind, reader, liveness)


def _read_and_store(
    read: Read, read_kind: ReadKind, reader: Reader, liveness: ReadLiveness
) -> None:
    began = datetime.now(UTC)
    run_id = reader.options.run_id
    settled = settled_scopes(reader.store, read.credential, read.regions, run_id)
    left = [kind for kind in read.kinds if _unsettled(read, [kind], settled)]
    failures: list[SkyClustError] = []
    call = partial(
        read_kinds,
        read_kind,
        read.regions,
        tuple(left),
        liveness=liveness,
        title=str(read),
        provider=read.credential.provider,
    )
    try:
        for kind_read in results_while_alive(call, liveness, str(read)):
            _log_problems(reader.log, read, kind_read)
            failures += store_read(reader.store, read.credential, kind_read, reader.options)
            left.remove(kind_read.kind)
            liveness.settled = read.scopes - len(left) * len(read.regions)
    except Timeout as error:
        if error.code == NO_ANSWER:
            for region, kind in _unsettled(read, left, settled):
                unread = Unread(read.credential, region, kind, error, began)
                mark_failed(reader.store, unread, run_id)
        raise
    if failures:
        first = first_to_retry(failures)
        liveness.pause(first)
        raise first


def _unsettled(
    read: Read,
    kinds: Sequence[ResourceKind],
    settled: Collection[tuple[str, ResourceKind]],
) -> list[tuple[str, ResourceKind]]:
    return [
        (region, kind) for kind in kinds for region in read.regions if (region, kind) not in settled
    ]


def _log_problems(log: Log, read: Read, kind_read: KindRead) -> None:
    """Log what could not be read, and what is not stored because its region is not named."""
    for region, error in kind_read.unread.items():
        log.warning("%s %s %s: %s", read.credential, region, kind_read.kind, error)
    if kind_read.strays:
        where = ", ".join(f"{number} in {region}" for region, number in kind_read.strays.items())
        log.warning(
            "%s names no such regions, so their resources are not stored: %s of kind %s",
            read.credential,
            where,
            kind_read.kind,
        )
