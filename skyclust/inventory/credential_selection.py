"""The credentials that a request selects."""

from __future__ import annotations

from collections.abc import Collection

from skyclust.contract import ComputeProvider, DeletionProvider
from skyclust.errors import NotFound, Unsupported
from skyclust.model.credential_key import CredentialKey
from skyclust.model.request import SyncRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.workspace import CredentialRecord
from skyclust.registry import provider_class
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


def credential_key(record: CredentialRecord) -> CredentialKey:
    """Return the key of a credential's record."""
    return CredentialKey(record.workspace_id, record.name, record.provider)


def require_ability(credential: CredentialKey, ability: type[object], *, purpose: str = "") -> None:
    """Raise Unsupported when the credential's provider lacks an ability of the contract.

    `purpose` names what needs it, for the error.
    """
    if not issubclass(provider_class(credential.provider), ability):
        needed = f", which {purpose} needs" if purpose else ""
        raise Unsupported(
            f"Provider {credential.provider!r} has no {ability.__name__}{needed}.",
            hint=f"Choose another credential than {credential.name!r}.",
            provider=credential.provider,
        )


def require_power_off_only(provider: str, instance: str) -> None:
    """Raise Unsupported when every stop of a provider releases the capacity of the instance."""
    cls = provider_class(provider)
    if not issubclass(cls, ComputeProvider) or not cls.keeps_capacity:
        raise Unsupported(
            f"Instance {instance!r} cannot be stopped with its capacity kept: every stop of"
            f" {cls.title} releases it.",
            hint="Stop it without --power-off-only (power_off_only in the form).",
            provider=provider,
        )


def require_deletable(credential: CredentialKey, kind: ResourceKind) -> None:
    """Raise Unsupported when the credential's provider does not delete resources of a kind."""
    require_ability(credential, DeletionProvider, purpose=f"the deletion of a {kind}")
    cls = provider_class(credential.provider)
    if issubclass(cls, DeletionProvider) and kind not in cls.deletable:
        raise Unsupported(
            f"Provider {credential.provider!r} does not delete a {kind} by itself.",
            hint="docs/reference/providers.md says what each provider deletes, and why not more.",
            provider=credential.provider,
        )


def credentials_of(
    store: Store, request: SyncRequest, *, refused: Collection[str] = ()
) -> list[CredentialKey]:
    """Return the credentials that a sync reads with, by workspace and name.

    `refused` are names of the request that cannot be used; they are left out. Raises
    NotFound for an unknown workspace or credential.
    """
    with store.reading() as connection:
        if request.workspace is None:
            owners = [workspace.id for workspace in workspaces.list_all(connection)]
        else:
            owners = [workspaces.get(connection, request.workspace).id]
        known = [
            credential_key(record)
            for owner in owners
            for record in credentials.list_all(connection, owner)
        ]
    missing = sorted(
        set(request.credentials) - {credential.name for credential in known} - set(refused)
    )
    if missing:
        raise NotFound(
            f"No workspace has a credential {', '.join(map(repr, missing))}.",
            hint="`skyclust credential list` shows those that exist.",
        )
    return [
        credential
        for credential in known
        if credential.name not in refused
        and (not request.credentials or credential.name in request.credentials)
    ]
