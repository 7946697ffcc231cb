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
    `metered` those whose provider reads metrics. `books` are (workspace, price book), and `priced`
    the credentials whose accounts the books price; None: of all that they cover.
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
    priced: Sequence[CredentialKey] | None = None

    @property
    def workspaces(self) -> list[str]:
        """Return the ids of the workspaces that the plan touches, sorted."""
        touched = {one.workspace_id for one in (*self.accounts, *self.without_costs)}
        touched |= {workspace for workspace, _ in self.books}
        return sorted(touched | ({self.imports_into} if self.imports_into else set()))

    def priced_in(self, workspace_id: str) -> list[str] | None:
        """Return the names of the credentials of a workspace that are priced; None: all."""
        if self.priced is None:
            return None
        return [one.name for one in self.priced if one.workspace_id == workspace_id]


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
    selected = [
        one
        for one in known
        if (not request.credentials or one.name in request.credentials)
        and (not request.providers or one.provider in request.providers)
    ]
    wanted = [one for one in selected if one.name not in refused]
    filtered = bool(request.credentials or request.providers)
    readable = [one for one in wanted if _reads_costs(one)]
    return CollectionPlan(
        start=start,
        end=end,
        accounts=readable,
        without_costs=[one for one in wanted if one not in readable],
        books=[
            (owner, record.name)
            for owner, record in kept
            if request.price_books
            and (not filtered or _prices_any(record.content, owner, selected))
        ],
        metered=[one for one in wanted if request.metrics and reads_metrics(one.provider)],
        priced=selected if filtered else None,
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


def _prices_any(content: str, workspace_id: str, credentials: Sequence[CredentialKey]) -> bool:
    """Return whether a price book of a workspace covers one of the credentials."""
    covers = read_price_book(content).covers
    return any(
        covers.has_credential(one.provider, one.name)
        for one in credentials
        if one.workspace_id == workspace_id
    )


def _reads_costs(credential: CredentialKey) -> bool:
    """Return whether the provider reads costs; one that cannot be loaded is tried, and fails."""
    try:
        return issubclass(provider_class(credential.provider), CostProvider)
    except SkyClustError:
        return True
