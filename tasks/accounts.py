"""Which accounts a request means."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust.errors import NotFound, Unsupported
from skyclust.model.request import SyncRequest
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration.credentials import find_credential
from skyclust.registry import provider_class
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


@dataclass(frozen=True)
class Account:
    """A credential to work with: its workspace, its name and its provider."""

    workspace_id: str
    credential: str
    provider: str

    def __str__(self) -> str:
        """Return the name that people know it by."""
        return self.credential


def account(store: Store, workspace_id: str, credential: str) -> Account:
    """Return one account; raises NotFound when the workspace has no such credential."""
    return _account(find_credential(store, workspace_id, credential))


def check_ability(target: Account, ability: type[object], *, purpose: str = "") -> None:
    """Raise Unsupported when the account's provider lacks an ability of the contract.

    `purpose` says what needs it, for the error.
    """
    if not issubclass(provider_class(target.provider), ability):
        needed = f", which {purpose} needs" if purpose else ""
        raise Unsupported(
            f"Provider {target.provider!r} has no {ability.__name__}{needed}.",
            hint=f"Choose another credential than {target.credential!r}.",
            provider=target.provider,
        )


def accounts(store: Store, request: SyncRequest) -> list[Account]:
    """Return the accounts that a sync reads, by workspace and name.

    Raises NotFound for an unknown workspace, and for a credential that is not there.
    """
    if request.workspace is not None and request.credentials:
        names = sorted(set(request.credentials))
        return [account(store, request.workspace, name) for name in names]
    with store.reading() as connection:
        if request.workspace is None:
            owners = [workspace.id for workspace in workspaces.list_all(connection)]
        else:
            owners = [workspaces.get(connection, request.workspace).id]
        known = [
            _account(record)
            for owner in owners
            for record in credentials.list_all(connection, owner)
        ]
    missing = sorted(set(request.credentials) - {one.credential for one in known})
    if missing:
        raise NotFound(
            f"No workspace has a credential {', '.join(map(repr, missing))}.",
            hint="`skyclust credential list` shows what there is.",
        )
    return [
        one for one in known if not request.credentials or one.credential in request.credentials
    ]


def _account(record: CredentialRecord) -> Account:
    return Account(record.workspace_id, record.name, record.provider)
