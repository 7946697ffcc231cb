"""Credentials: sealed in Prefect blocks, known to the store by name only.

A block that somebody made by hand in the Prefect UI is a credential too: at its first use
its secrets are sealed, it is saved back, and the store learns its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Final

from skyclust.contract import CredentialModel, Provider
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError, Transient
from skyclust.model.credential_key import CredentialKey
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import block_documents
from skyclust.orchestration.block_documents import Document
from skyclust.orchestration.choices import try_to_update_choices
from skyclust.orchestration.credential_opening import current_document, opened
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.limits import remove_credential_limit
from skyclust.orchestration.sealing import (
    adopt,
    is_unwanted,
    keep_sealed,
    record_action,
)
from skyclust.registry import provider_class
from skyclust.security.fields import Owner, secret_fields
from skyclust.security.keyring import load_keyring
from skyclust.security.validation import checked_values
from skyclust.store import blocks, credentials, workspaces
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

    With `replace` the values of an existing one are replaced as a whole. One whose block is
    missing, for an earlier call was broken off, is finished. Raises InvalidRequest when the
    values do not fit the provider's model or the name is taken, ConfigurationError when there
    is no key to seal with.
    """
    model = provider_class(provider).credential_model
    plain = checked_values(model, values, name)
    known, existing = require_place(store, workspace_id, name, provider, plain, replace=replace)
    own_block = block_documents.block_name(workspace_id, name)
    action = "credential.replace" if replace else "credential.add"
    fields = ", ".join(sorted(plain))

    def write(connection: Connection) -> CredentialRecord:
        if existing is not None and is_unwanted(connection, existing):
            raise Conflict(f"The block of a removed credential {name!r} is still to be deleted.")
        record = credentials.find(connection, workspace_id, name)
        if record is None:
            record = credentials.add(
                connection, workspace_id, name=name, provider=provider, block_name=own_block
            )
        elif record.provider != provider:
            raise InvalidRequest(
                f"Credential {name!r} is one of {record.provider!r}, not of {provider!r}.",
                hint=f"Remove it first: skyclust credential remove {name}",
            )
        elif known is None and not replace:
            raise _taken(workspace_id, name)
        elif existing is None and record.block_name != own_block:
            record = credentials.set_block(connection, workspace_id, name, own_block)
        record_action(connection, record, action, fields=fields)
        return record

    # First the record, then the block: a process that dies in between leaves a credential that
    # everybody sees and nobody can open, and adding it again finishes it.
    record = store.write(write)
    try:
        put = (
            partial(block_documents.create, provider, workspace_id, name)
            if existing is None
            else partial(block_documents.write, existing)
        )
        keep_sealed(store, Owner(provider, workspace_id, name), plain, put)
    except SkyClustError as error:
        _take_back(store, record, action, error, added=known is None)
        raise
    if known is None:
        try_to_update_choices(store)
    return record


def require_place(
    store: Store,
    workspace_id: str,
    name: str,
    provider: str,
    values: Mapping[str, object],
    *,
    replace: bool,
) -> tuple[CredentialRecord | None, Document | None]:
    """Return the record and the block that a credential has already, as far as it has them.

    Raises what keeps these values from being saved as it: InvalidRequest for a name that is no
    name or taken, NotFound for an unknown workspace, ConfigurationError without a key.
    """
    block_documents.check_name(name)
    if secret_fields(provider_class(provider).credential_model) & values.keys():
        load_keyring()  # without a key nothing is written at all
    do_deferred_work(store)  # of a removed credential of this name a block may have been left
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        known = credentials.find(connection, workspace_id, name)
    own_block = block_documents.block_name(workspace_id, name)
    existing = block_documents.read(provider, known.block_name if known else own_block)
    if existing is not None and not replace:
        raise (
            _taken(workspace_id, name)
            if known
            else block_documents.already_there(provider, own_block)
        )
    return known, existing


def find_credential(store: Store, workspace_id: str, name: str) -> CredentialRecord:
    """Return a credential's record; one that so far is only a block by hand gets its record.

    Raises NotFound when there is neither, InvalidRequest when two blocks claim the name.
    """
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        known = credentials.find(connection, workspace_id, name)
        if known is not None:
            return known
    claimed = block_documents.find(workspace_id, name)
    with store.reading() as connection:
        claims = [one for one in claimed if not is_unwanted(connection, one)]
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


def adopt_blocks(
    store: Store, workspace_id: str | None, names: Sequence[str]
) -> dict[CredentialKey, SkyClustError]:
    """Register the named credentials that so far are only blocks made by hand.

    Returns those whose block cannot be used, and why: the others are used without them. Without
    a workspace nothing is registered: a name alone does not say whose block is meant. Raises
    NotFound when there is neither a record nor a block, and Transient errors of the server.
    """
    refused: dict[CredentialKey, SkyClustError] = {}
    if workspace_id is None:
        return refused
    for name in sorted(set(names)):
        try:
            find_credential(store, workspace_id, name)
        except (Transient, NotFound):
            raise
        except SkyClustError as error:
            refused[CredentialKey(workspace_id, name, error.provider)] = error
    return refused


def load_credential(store: Store, workspace_id: str, name: str) -> CredentialModel:
    """Return a credential with its secrets in the clear, and keep them out of logs.

    Raises NotFound when there is none, ConfigurationError when it does not open or its
    values do not fit the provider's model.
    """
    return opened(current_document(store, find_credential(store, workspace_id, name)))


def open_provider(store: Store, workspace_id: str, name: str) -> Provider:
    """Return the provider object of a credential; threads of a process share one.

    The block is read on each call, so that a changed credential is used at once. Raises
    what `load_credential` and `skyclust.registry.provider_class` raise.
    """
    document = current_document(store, find_credential(store, workspace_id, name))
    with _providers_lock:
        known = _providers.get((workspace_id, name))
        if known is None or known.document != document:
            provider = provider_class(document.provider)(opened(document))
            known = _Opened(document, provider)
            _providers[workspace_id, name] = known
        return known.provider


def remove_credential(store: Store, workspace_id: str, name: str) -> None:
    """Delete a credential's record and its block; the cloud account itself is not touched.

    The block is deleted after the commit, at once or, where that fails, by the next recovery;
    the credential's concurrency limit goes with it. Raises NotFound when there is none, and
    InvalidRequest while it has open operations.
    """
    record = find_credential(store, workspace_id, name)
    block = block_documents.document_id(record.provider, record.block_name)

    def remove(connection: Connection) -> None:
        credentials.remove(connection, workspace_id, name)
        if block is not None:
            blocks.give_up(
                connection, workspace_id, document_id=block, block_name=record.block_name
            )
        record_action(connection, record, "credential.remove")

    store.write(remove)
    with _providers_lock:
        _providers.pop((workspace_id, name), None)
    with suppress(SkyClustError):  # a limit that nobody uses does no harm
        remove_credential_limit(workspace_id, name)
    do_deferred_work(store)
    try_to_update_choices(store)


def _take_back(
    store: Store, record: CredentialRecord, action: str, error: SkyClustError, *, added: bool
) -> None:
    """Take back what was written of a credential whose block could not be saved.

    A record stays when there is a block, which another process has saved, or when that cannot
    be known: then adding the credential again finishes it.
    """
    outcome = {"outcome": type(error).__name__, "code": error.code}
    missing = False
    if added:
        with suppress(SkyClustError):
            missing = block_documents.document_id(record.provider, record.block_name) is None

    def take_back(connection: Connection) -> None:
        if missing:
            credentials.remove(connection, record.workspace_id, record.name)
        record_action(connection, record, action, **outcome)

    store.write(take_back)


def _taken(workspace_id: str, name: str) -> InvalidRequest:
    return InvalidRequest(
        f"Workspace {workspace_id!r} has a credential {name!r} already.",
        hint="Choose another name, or put new values in its place with --replace.",
    )
