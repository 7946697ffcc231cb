"""Sealing the secrets of a block, and giving a block that was made by hand its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue

from skyclust import audit
from skyclust.contract import CredentialModel
from skyclust.errors import Conflict, NotFound
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import documents
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.documents import Document
from skyclust.registry import provider_class
from skyclust.security.fields import plain_fields, seal_fields, secret_fields
from skyclust.security.keyring import load_keyring
from skyclust.store import blocks, credentials
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def adopt(store: Store, document: Document) -> CredentialRecord:
    """Give a block its record in the store and return it; the record may be there already.

    Raises NotFound for the block of a credential that was removed, which is to go.
    """

    def add(connection: Connection) -> CredentialRecord:
        known = credentials.find(connection, document.workspace_id, document.name)
        if known is not None:
            return known
        if is_unwanted(connection, document):
            raise NotFound(
                f"Credential {document.name!r} of workspace {document.workspace_id!r} was removed."
            )
        added = credentials.add(
            connection,
            document.workspace_id,
            name=document.name,
            provider=document.provider,
            block_name=document.block_name,
        )
        record_action(connection, added, "credential.add", block=document.block_name)
        return added

    try:
        return store.write(add)
    except Conflict:
        # Most likely another process has just adopted it.
        with store.reading() as connection:
            known = credentials.find(connection, document.workspace_id, document.name)
        if known is None:
            raise
        return known


def is_unwanted(connection: Connection, document: Document) -> bool:
    """Return whether a block is that of a removed credential, which is to be deleted."""
    gone = blocks.unwanted(connection, document.workspace_id)
    return str(document.id) in {one.document_id for one in gone}


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
    action = "credential.seal" if plain else "credential.reseal"

    def note(connection: Connection) -> None:
        record = credentials.find(connection, document.workspace_id, document.name)
        if record is not None:
            record_action(connection, record, action, fields=", ".join(plain))

    store.write(note)
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
