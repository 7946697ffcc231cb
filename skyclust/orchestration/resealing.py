"""Walks over all credentials: sealing what is plain, resealing with the newest key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skyclust.errors import ConfigurationError, InvalidRequest, SkyClustError
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import documents
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.documents import Document
from skyclust.orchestration.sealing import adopt, is_unwanted, seal_document
from skyclust.registry import provider_class, provider_names
from skyclust.security.fields import key_ids, plain_fields, secret_fields
from skyclust.store import workspaces
from skyclust.store.engine import Store


@dataclass(frozen=True)
class SealedBlocks:
    """What a walk did: the names of the blocks it sealed, and a sentence for each it could not."""

    sealed: tuple[str, ...]
    problems: tuple[str, ...]


def seal_plain_blocks(store: Store, workspace_id: str | None = None) -> SealedBlocks:
    """Seal the credential blocks that were made or edited by hand, and give each its record.

    Those of one workspace, or of all. May run at any time and as often as wanted: a block
    that is sealed is left alone. One that cannot be sealed does not stop the others.
    """
    sealed: list[str] = []
    problems: list[str] = []
    finish(store)
    for document in _documents():
        if isinstance(document, SkyClustError):
            problems.append(str(document))
            continue
        if workspace_id not in {None, document.workspace_id}:
            continue
        try:
            if _is_by_hand(document) and not _is_to_go(store, document):
                _require_workspace(store, document)
                if seal_document(store, document) is not document:
                    sealed.append(document.block_name)
                _require_own_name(adopt(store, document), document)
        except SkyClustError as error:
            problems.append(f"Block {document.block_name!r}: {error}")
    return SealedBlocks(tuple(sealed), tuple(problems))


def reseal_credentials(store: Store) -> int:
    """Seal every secret with the newest key and return how many blocks were rewritten.

    One block that fails does not stop the others; at the end ConfigurationError names each.
    """
    rewritten = 0
    problems: list[str] = []
    for document in _documents():
        if isinstance(document, SkyClustError):
            continue  # no credential of ours, whatever its type
        try:
            if seal_document(store, document, with_newest_key=True) is not document:
                rewritten += 1
        except SkyClustError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError(
            f"{rewritten} credential(s) were resealed, {len(problems)} could not be:"
            f" {' '.join(problems)}",
            hint="Keep the old keys until each of them is resealed or removed.",
        )
    return rewritten


def key_ids_in_use() -> frozenset[str]:
    """Return the ids of the keys that any credential block is sealed with."""
    return frozenset(
        key_id
        for document in _documents()
        if isinstance(document, Document)
        for key_id in key_ids(document.values)
    )


def _documents() -> Iterator[Document | InvalidRequest]:
    for provider in provider_names():
        yield from documents.list_all(provider)


def _is_by_hand(document: Document) -> bool:
    """Return whether a secret is plain, or none is sealed: SkyClust saves neither kind."""
    model = provider_class(document.provider).credential_model
    plain = plain_fields(secret_fields(model), document.values)
    return bool(plain) or not key_ids(document.values)


def _is_to_go(store: Store, document: Document) -> bool:
    with store.reading() as connection:
        return is_unwanted(connection, document)


def _require_workspace(store: Store, document: Document) -> None:
    with store.reading() as connection:
        workspaces.get(connection, document.workspace_id)


def _require_own_name(record: CredentialRecord, document: Document) -> None:
    if record.block_name != document.block_name:
        raise InvalidRequest(
            f"Credential {record.name!r} is kept in block {record.block_name!r} already.",
            hint="Delete or rename one of the two blocks.",
        )
