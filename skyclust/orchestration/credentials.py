"""Credentials: sealed in Prefect blocks, known to the store by name only.

A block that somebody made by hand in the Prefect UI is a credential too: at its first use
its secrets are sealed, it is saved back, and the store learns its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue, ValidationError

from skyclust import audit
from skyclust.contract import CredentialModel, Provider
from skyclust.errors import ConfigurationError, Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.identity import Identity
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import documents
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.documents import Document
from skyclust.registry import provider_class
from skyclust.security.fields import open_fields, plain_fields, seal_fields, secret_fields
from skyclust.security.keyring import load_keyring
from skyclust.security.validation import checked_values, complaints
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class _Opened:
    """A provider object and the document whose values it was made of."""

    document: Document
    provider: Provider


_providers: Final[dict[tuple[str, str], _Opened]] = {}
_providers_lock: Final = Lock()


def save_credential(
    store: Store,
    workspace_id: str,
    name: str,
    provider: str,
    values: Mapping[str, object],
    *,
    replace: bool = False,
) -> CredentialRecord:
    """Validate, seal and keep a credential, and return its record.

    With `replace` the values of an existing one are replaced as a whole. Raises
    InvalidRequest when the values do not fit the provider's model or the name is taken,
    ConfigurationError when there is no key to seal with.
    """
    documents.check_name(name)
    model = provider_class(provider).credential_model
    plain = checked_values(model, values, name)
    sealed = seal_values(model, plain, workspace_id, name)
    # The block is saved within the store's transaction: when either fails, the store has no
    # row for a credential that nobody can open.
    with store.writing() as connection:
        workspaces.get(connection, workspace_id)
        known = _row(connection, workspace_id, name)
        if known is None:
            known = credentials.add(
                connection,
                workspace_id,
                name=name,
                provider=provider,
                block_name=documents.block_name(workspace_id, name),
            )
        elif not replace:
            raise InvalidRequest(
                f"Workspace {workspace_id!r} has a credential {name!r} already.",
                hint="Choose another name, or put new values in its place with --replace.",
            )
        elif known.provider != provider:
            raise InvalidRequest(
                f"Credential {name!r} is one of {known.provider!r}, not of {provider!r}.",
                hint=f"Remove it first: skyclust credential remove {name}",
            )
        existing = documents.read(provider, known.block_name) if replace else None
        if existing is None:
            documents.create(provider, workspace_id, name, sealed)
        else:
            documents.write(existing, sealed)
        action = "credential.replace" if replace else "credential.add"
        record_action(connection, known, action, fields=", ".join(sorted(plain)))
    return known


def find_credential(store: Store, workspace_id: str, name: str) -> CredentialRecord:
    """Return a credential's record; one that so far is only a block by hand gets its record.

    Raises NotFound when there is neither, InvalidRequest when two blocks claim the name.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        known = _row(connection, workspace_id, name)
    if known is not None:
        return known
    claims = documents.find(workspace_id, name)
    if not claims:
        raise NotFound(
            f"Workspace {workspace_id!r} has no credential {name!r}.",
            hint="`skyclust credential list` shows what there is.",
        )
    if len(claims) > 1:
        blocks = ", ".join(f"{one.block_name!r} of {one.provider!r}" for one in claims)
        raise InvalidRequest(
            f"Two Prefect blocks claim to be credential {name!r} of workspace"
            f" {workspace_id!r}: {blocks}.",
            hint="Delete or rename one of them.",
        )
    return adopt(store, claims[0])


def load_credential(store: Store, workspace_id: str, name: str) -> CredentialModel:
    """Return a credential with its secrets in the clear, and keep them out of logs.

    Raises NotFound when there is none, ConfigurationError when it does not open or its
    values do not fit the provider's model.
    """
    return _opened(_document(store, workspace_id, name))


def open_provider(store: Store, workspace_id: str, name: str) -> Provider:
    """Return the provider object of a credential; threads of a process share one.

    The block is read on each call, so that a changed credential is used at once. Raises
    what `load_credential` and `skyclust.registry.provider_class` raise.
    """
    document = _document(store, workspace_id, name)
    with _providers_lock:
        known = _providers.get((workspace_id, name))
        if known is None or known.document != document:
            provider = provider_class(document.provider)(_opened(document))
            known = _Opened(document, provider)
            _providers[workspace_id, name] = known
        return known.provider


def verify_credential(store: Store, workspace_id: str, name: str) -> Identity:
    """Ask the cloud who the credential is, remember the answer, and return it.

    Raises AuthenticationFailed when the cloud does not accept it, and any other error of
    the tree; a failed attempt is audited too.
    """
    record = find_credential(store, workspace_id, name)
    try:
        identity = open_provider(store, workspace_id, name).verify()
    except SkyClustError as error:
        with store.writing() as connection:
            failed = {"outcome": type(error).__name__, "code": error.code}
            record_action(connection, record, "credential.verify", **failed)
        raise
    with store.writing() as connection:
        credentials.set_verified(
            connection, workspace_id, name, identity.account, identity.principal
        )
        found = {"account": identity.account, "principal": identity.principal}
        record_action(connection, record, "credential.verify", outcome="accepted", **found)
    return identity


def remove_credential(store: Store, workspace_id: str, name: str) -> None:
    """Delete a credential's block and its record; the cloud account itself is not touched.

    Raises NotFound when there is none, and Conflict while it has open operations.
    """
    record = find_credential(store, workspace_id, name)
    # The row first, since that can be refused; the block before the commit, since a block
    # that outlives its row would be taken for one made by hand.
    with store.writing() as connection:
        credentials.remove(connection, workspace_id, name)
        documents.delete(record.provider, record.block_name)
        record_action(connection, record, "credential.remove")
    with _providers_lock:
        _providers.pop((workspace_id, name), None)


def adopt(store: Store, document: Document) -> CredentialRecord:
    """Give a block its record in the store and return it; the record may be there already."""
    try:
        with store.writing() as connection:
            known = _row(connection, document.workspace_id, document.name)
            if known is None:
                known = credentials.add(
                    connection,
                    document.workspace_id,
                    name=document.name,
                    provider=document.provider,
                    block_name=document.block_name,
                )
                record_action(connection, known, "credential.add", block=document.block_name)
            return known
    except Conflict:
        # Most likely another process has just adopted it.
        with store.reading() as connection:
            known = _row(connection, document.workspace_id, document.name)
        if known is None:
            raise
        return known


def seal_document(store: Store, document: Document, *, with_newest_key: bool = False) -> Document:
    """Seal the secrets of a block that are still plain, save it back, and return it.

    With `with_newest_key` those sealed by an older key are sealed anew as well. A block
    that needs neither is returned as it is, and nothing is written.
    """
    model = provider_class(document.provider).credential_model
    plain = plain_fields(secret_fields(model), document.values)
    if not plain and not with_newest_key:
        return document
    sealed = seal_values(model, document.values, document.workspace_id, document.name)
    if sealed == document.values:
        return document
    written = documents.write(document, sealed)
    with store.writing() as connection:
        record = _row(connection, document.workspace_id, document.name)
        if record is not None:
            action = "credential.seal" if plain else "credential.reseal"
            record_action(connection, record, action, fields=", ".join(plain))
    return written


def seal_values(
    model: type[CredentialModel], values: Mapping[str, JsonValue], workspace_id: str, name: str
) -> dict[str, JsonValue]:
    """Return the values with every secret sealed; a credential without secrets needs no key."""
    secret = secret_fields(model)
    if not secret & values.keys():
        return dict(values)
    return seal_fields(load_keyring(), secret, values, workspace_id=workspace_id, name=name)


def record_action(
    connection: Connection, record: CredentialRecord, action: str, **detail: JsonValue
) -> None:
    """Write an audit entry about a credential."""
    audit.append(
        connection,
        record.workspace_id,
        actor=current_actor(),
        action=action,
        object=f"credential/{record.name}",
        detail={"provider": record.provider, **detail},
    )


def _row(connection: Connection, workspace_id: str, name: str) -> CredentialRecord | None:
    rows = credentials.list_all(connection, workspace_id)
    return next((row for row in rows if row.name == name), None)


def _document(store: Store, workspace_id: str, name: str) -> Document:
    record = find_credential(store, workspace_id, name)
    document = documents.read(record.provider, record.block_name)
    if document is None:
        raise NotFound(
            f"The Prefect block {record.block_name!r} of credential {name!r} is gone.",
            hint=f"Remove the credential and add it again: skyclust credential remove {name}",
        )
    if (document.workspace_id, document.name) != (workspace_id, name):
        raise ConfigurationError(
            f"The Prefect block {record.block_name!r} of credential {name!r} now says that it"
            f" belongs to workspace {document.workspace_id!r}.",
            hint=f"Set its workspace field back to {workspace_id!r}.",
        )
    return seal_document(store, document)


def _opened(document: Document) -> CredentialModel:
    model = provider_class(document.provider).credential_model
    secret = secret_fields(model)
    values = document.values
    if secret & values.keys():
        place = {"workspace_id": document.workspace_id, "name": document.name}
        values = open_fields(load_keyring(), secret, values, **place)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            f"Credential {document.name!r} is not complete: {complaints(error)}.",
            hint=f"Correct the Prefect block {document.block_name!r}, or the credential with"
            " skyclust credential add --replace.",
        ) from None
