"""Sealing the secrets of a block, and giving a block that was made by hand its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from skyclust.errors import Conflict, NotFound
from skyclust.model.sealed_state import SealedState
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import block_documents
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.block_documents import Document
from skyclust.orchestration.choices import try_to_update_choices
from skyclust.orchestration.sealed_value_checks import UNKNOWN, Standing, refuse, standing
from skyclust.registry import provider_class
from skyclust.security.fields import (
    Owner,
    by_field_names,
    open_fields,
    plain_fields,
    seal_fields,
    sealed_state,
    secret_fields,
)
from skyclust.security.keyring import load_keyring
from skyclust.security.sealing import is_current, is_old_form
from skyclust.store import audit, blocks, credentials, sealed_states
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

ATTEMPTS: Final = 5
"""How often a block is written when the key is replaced each time."""


def adopt(store: Store, document: Document) -> CredentialRecord:
    """Give a block its record in the store and return it; the record may be there already.

    Raises NotFound for the block of a credential that was removed, which is to go, and
    ConfigurationError for one that holds sealed values: SkyClust writes a record before it seals,
    so these were copied from elsewhere, or are those of a credential that was removed.
    """
    seen = standing(store, document)
    if seen.reason == UNKNOWN:
        raise refuse(store, document, seen)

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
        added = store.write(add)
    except Conflict:
        # Most likely another process has just adopted it.
        with store.reading() as connection:
            known = credentials.find(connection, document.workspace_id, document.name)
        if known is None:
            raise
        return known
    try_to_update_choices(store)
    return added


def is_unwanted(connection: Connection, document: Document) -> bool:
    """Return whether a block is that of a removed credential, which is to be deleted."""
    gone = blocks.unwanted(connection, document.workspace_id)
    return str(document.id) in {one.document_id for one in gone}


def seal_document(store: Store, document: Document, *, with_newest_key: bool = False) -> Document:
    """Seal the secrets of a block that are still plain, save it back, and return it.

    So are those in an older form of sealing; with `with_newest_key` those of an older key too. A
    block that needs none of it is returned as it is. Raises ConfigurationError, and writes
    nothing to the block, when a sealed value in it is not the right one or does not open, and
    Conflict when somebody else changes it at the same time.
    """
    model = provider_class(document.provider).credential_model
    as_read, document = document, replace(document, values=by_field_names(model, document.values))
    seen = standing(store, document)
    if seen.reason is not None:
        if block_documents.read(as_read.provider, as_read.block_name) != as_read:
            raise Conflict(f"The block of credential {document.name!r} was changed meanwhile.")
        raise refuse(store, document, seen)
    secret = secret_fields(model)
    plain = plain_fields(secret, document.values)
    if not plain and not _is_outdated(secret, document, with_newest_key=with_newest_key):
        _settle(store, document, seen)
        return as_read if as_read.values == document.values else document
    action = "credential.seal" if plain else "credential.reseal"
    written = keep_sealed(
        store,
        owner_of(document),
        document.values,
        partial(block_documents.write, document),
        present=seen,
    )

    def note(connection: Connection) -> None:
        record = credentials.find(connection, document.workspace_id, document.name)
        if record is not None:
            record_action(connection, record, action, fields=", ".join(plain))

    store.write(note)
    return written


def keep_sealed(
    store: Store,
    owner: Owner,
    values: Mapping[str, JsonValue],
    write: Callable[[Mapping[str, JsonValue]], Document],
    *,
    present: Standing | None = None,
) -> Document:
    """Seal a credential's values, write its block, and return it.

    What the block is about to hold is expected in the store before and confirmed after. Once it is
    written the keyring is read again: when another key has become the newest meanwhile, a rotation
    may be dropping the one that sealed, and all is sealed again. `present` is what the block was
    found to hold: where the store knows of a later one by now, Conflict is raised.
    """
    model = provider_class(owner.provider).credential_model
    keyring = load_keyring() if secret_fields(model) & values.keys() else None
    for _ in range(ATTEMPTS):
        sealed = dict(values) if keyring is None else seal_fields(keyring, model, values, owner)
        state = sealed_state(model, sealed)
        store.write(partial(_expect, owner=owner, state=state, present=present))
        document = write(sealed)
        store.write(
            partial(
                sealed_states.confirm,
                workspace_id=owner.workspace_id,
                name=owner.name,
                state=state,
            )
        )
        if keyring is None:
            return document
        latest = load_keyring()
        if latest.newest.id == keyring.newest.id:
            return document
        keyring, values, present = latest.with_keys(keyring), sealed, None
        write = partial(block_documents.write, document)
    raise Conflict(f"The key was replaced {ATTEMPTS} times while {owner.name!r} was sealed.")


def _expect(
    connection: Connection, *, owner: Owner, state: SealedState, present: Standing | None
) -> None:
    workspace_id, name = owner.workspace_id, owner.name
    if present is not None:
        # By a lock on the record, so that of two writers the later one sees what the other wrote.
        credentials.hold(connection, workspace_id, name, alone=True)
        if sealed_states.find(connection, workspace_id, name) != present.known:
            raise Conflict(f"Credential {name!r} was changed meanwhile by somebody else.")
    found = present.found if present is not None and present.found.values else None
    sealed_states.expect(connection, workspace_id, name, state, present=found)


def _is_outdated(secret: frozenset[str], document: Document, *, with_newest_key: bool) -> bool:
    """Return whether a sealed value has to be sealed anew."""
    texts = [str(document.values[name]) for name in secret & document.values.keys()]
    if not texts:
        return False
    if with_newest_key:
        keyring = load_keyring()
        return not all(is_current(keyring, text) for text in texts)
    return any(is_old_form(text) for text in texts)


def _settle(store: Store, document: Document, seen: Standing) -> None:
    """Write down which state the block is in, where the store does not know, or knows of others."""
    if not seen.found.values:
        return
    if seen.known is None:
        # Nothing was written down of it: what opens is trusted, once.
        model = provider_class(document.provider).credential_model
        open_fields(load_keyring(), model, document.values, owner_of(document))
    if sealed_states.settled_states(seen.known, seen.found) == seen.known:
        return
    store.write(
        partial(
            sealed_states.settle,
            workspace_id=document.workspace_id,
            name=document.name,
            state=seen.found,
        )
    )


def owner_of(document: Document) -> Owner:
    """Return whose secrets a block holds."""
    return Owner(document.provider, document.workspace_id, document.name)


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
