"""What a collection reads: which accounts, which price books, which days."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from skyclust.contract import CostProvider
from skyclust.costs.metrics.plan import reads_metrics
from skyclust.costs.price_books.book import read_price_book
from skyclust.errors import NotFound, SkyClustError
from skyclust.model.cost_request import CollectCostsRequest
from skyclust.model.credential_key import CredentialKey
from skyclust.registry import provider_class
from skyclust.store import credentials, price_books, workspaces
from skyclust.store.engine import Store


@dataclass(frozen=True)
class CollectionPlan:
    """What is collected for the days [start, end).

    `accounts` are the credentials whose provider reads costs, `without_costs` the others, and
    `metered` those whose provider reads metrics. `books` are (workspace, price book).
    `imports_into` is the workspace that a folder is imported into; then no account is read, and
    nothing priced.
    """

    start: date
    end: date
    accounts: Sequence[CredentialKey]
    without_costs: Sequence[CredentialKey]
    books: Sequence[tuple[str, str]]
    metered: Sequence[CredentialKey] = ()
    imports_into: str | None = None

    @property
    def workspaces(self) -> list[str]:
        """Return the ids of the workspaces that the plan touches, sorted."""
        touched = {one.workspace_id for one in (*self.accounts, *self.without_costs)}
        touched |= {workspace for workspace, _ in self.books}
        return sorted(touched | ({self.imports_into} if self.imports_into else set()))


def plan_collection(
    store: Store,
    request: CollectCostsRequest,
    today: date,
    *,
    refused: Collection[str] = (),
) -> CollectionPlan:
    """Return the plan of a request; `refused` are names of credentials that cannot be used.

    Raises NotFound for an unknown workspace, and for a credential that no workspace has.
    """
    start, end = days_of(request, today)
    if request.folder:
        return _import(store, request, (start, end))
    with store.reading() as connection:
        owners = (
            [workspace.id for workspace in workspaces.list_all(connection)]
            if request.workspace is None
            else [workspaces.get(connection, request.workspace).id]
        )
        known = [
            CredentialKey(record.workspace_id, record.name, record.provider)
            for owner in owners
            for record in credentials.list_all(connection, owner)
        ]
        kept = [
            (owner, record)
            for owner in owners
            for record in price_books.list_all(connection, owner)
        ]
    _require_known(request, known, refused)
    wanted = [
        one
        for one in known
        if one.name not in refused
        and (not request.credentials or one.name in request.credentials)
        and (not request.providers or one.provider in request.providers)
    ]
    readable = [one for one in wanted if _reads_costs(one)]
    return CollectionPlan(
        start=start,
        end=end,
        accounts=readable,
        without_costs=[one for one in wanted if one not in readable],
        books=[(owner, record.name) for owner, record in kept if _prices(request, record.content)],
        metered=[one for one in wanted if request.metrics and reads_metrics(one.provider)],
    )


def _import(store: Store, request: CollectCostsRequest, days: tuple[date, date]) -> CollectionPlan:
    """Return the plan of an import: into the workspace `default` where none is named."""
    with store.reading() as connection:
        workspace = workspaces.get(connection, request.workspace or workspaces.DEFAULT)
    return CollectionPlan(*days, (), (), (), imports_into=workspace.id)


def days_of(request: CollectCostsRequest, today: date) -> tuple[date, date]:
    """Return the days that a request means: by default the month before and this one, so far.

    The day of today is in it: its charges are provisional, and better known than not.
    """
    end = request.end or today + timedelta(days=1)
    first = (end - timedelta(days=1)).replace(day=1)
    start = request.start or (first - timedelta(days=1)).replace(day=1)
    return start, end


def _require_known(
    request: CollectCostsRequest, known: Sequence[CredentialKey], refused: Collection[str]
) -> None:
    missing = sorted(set(request.credentials) - {one.name for one in known} - set(refused))
    if missing:
        raise NotFound(
            f"No workspace has a credential {', '.join(map(repr, missing))}.",
            hint="`skyclust credential list` shows those that exist.",
        )


def _prices(request: CollectCostsRequest, content: str) -> bool:
    """Return whether a request wants what a price book prices: one of its providers is named."""
    if not request.price_books or request.credentials:
        return False
    covered = read_price_book(content).covers.providers
    return not request.providers or bool(set(covered) & set(request.providers))


def _reads_costs(credential: CredentialKey) -> bool:
    """Return whether the provider reads costs; one that cannot be loaded is tried, and fails."""
    try:
        return issubclass(provider_class(credential.provider), CostProvider)
    except SkyClustError:
        return True
