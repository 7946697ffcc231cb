"""Walks over all credentials: sealing what is plain, resealing what is sealed in an older way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skyclust.errors import ConfigurationError, Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.orchestration import block_documents
from skyclust.orchestration.block_documents import Document
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.sealing import (
    adopt,
    is_unwanted,
    owner_of,
    seal_document,
)
from skyclust.registry import provider_class, provider_names
from skyclust.security.fields import key_ids, plain_fields, seal_fields, secret_fields
from skyclust.security.keyring import load_keyring
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


@dataclass(frozen=True)
class SealedBlocks:
    """What a walk did: the names of the blocks it sealed, and a sentence for each it could not."""

    sealed: tuple[str, ...]
    problems: tuple[str, ...]


def seal_credential_blocks(
    store: Store, workspace_id: str | None = None, *, with_newest_key: bool = False
) -> SealedBlocks:
    """Seal what is plain in credential blocks or sealed in an older form, and record each block.

    Those of one workspace, or of all; with the newest key also what an older one sealed. May run
    at any time and as often as wanted: a block that is as it should be is left alone. One that
    cannot be sealed, or whose sealed values are not the right ones, does not stop the others.
    """
    sealed: list[str] = []
    problems: list[str] = []
    do_deferred_work(store)
    for listed in _documents():
        if isinstance(listed, SkyClustError):
            if not with_newest_key:  # a block of our type, but of no credential of ours
                problems.append(str(listed))
            continue
        if workspace_id not in {None, listed.workspace_id}:
            continue
        try:
            if _sealed(store, listed, with_newest_key=with_newest_key):
                sealed.append(listed.block_name)
        except SkyClustError as error:
            problems.append(f"Block {listed.block_name!r}: {error}")
    return SealedBlocks(tuple(sealed), tuple(problems))


def reseal_credentials(store: Store) -> int:
    """Seal every secret with the newest key and return how many blocks were rewritten.

    One block that fails does not stop the others; at the end ConfigurationError names each.
    """
    walk = seal_credential_blocks(store, with_newest_key=True)
    if walk.problems:
        raise ConfigurationError(
            f"{len(walk.sealed)} credential(s) were resealed, {len(walk.problems)} could not be:"
            f" {' '.join(walk.problems)}",
            hint="Keep the old keys until each of them is resealed or removed.",
        )
    return len(walk.sealed)


def key_ids_in_use() -> frozenset[str]:
    """Return the ids of the keys that any credential block is sealed with."""
    return frozenset(
        key_id
        for document in _documents()
        if isinstance(document, Document)
        for key_id in key_ids(document.values)
    )


def _sealed(store: Store, listed: Document, *, with_newest_key: bool) -> bool:
    """Seal one block, and return whether that changed it."""
    # Since the list was read, the one before may have taken long: what it holds now counts.
    document = block_documents.read(listed.provider, listed.block_name)
    if document is None:
        return False
    with store.reading() as connection:
        if is_unwanted(connection, document):
            return False
        try:
            workspaces.get(connection, document.workspace_id)
        except NotFound:
            if with_newest_key and not key_ids(document.values):
                return False  # no key is needed for what is not sealed
            raise
        record = credentials.find(connection, document.workspace_id, document.name)
    record = record or adopt(store, document)
    if record.block_name != document.block_name:
        _seal_stranger(document)
        raise InvalidRequest(
            f"Credential {record.name!r} is kept in block {record.block_name!r} already.",
            hint="Delete or rename one of the two blocks.",
        )
    try:
        return seal_document(store, document, with_newest_key=with_newest_key) is not document
    except Conflict:
        # Somebody saves it just now, and so seals it; what is left is found by the next walk.
        return False


def _seal_stranger(document: Document) -> None:
    """Seal what is plain in a second block of a credential, which nobody will ever open."""
    model = provider_class(document.provider).credential_model
    if plain_fields(secret_fields(model), document.values):
        sealed = seal_fields(load_keyring(), model, document.values, owner_of(document))
        block_documents.write(document, sealed)


def _documents() -> Iterator[Document | InvalidRequest]:
    for provider in provider_names():
        yield from block_documents.list_all(provider)
