"""The Prefect block documents in which credentials are kept: find, read, write, delete.

A document that SkyClust makes is named `<workspace>--<name>`. One made by hand in the UI
may have that name too, or only the credential's name with the workspace in its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import httpx
from prefect.client.schemas.actions import BlockDocumentCreate, BlockDocumentUpdate
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from pydantic import JsonValue, TypeAdapter, ValidationError

from skyclust.errors import InvalidRequest, NotFound, Unavailable
from skyclust.model.flow_request import RESERVED, reserved_key
from skyclust.model.workspace import Slug
from skyclust.orchestration.blocks import WORKSPACE_FIELD, block_type_slug, register_block_type
from skyclust.orchestration.client import prefect_client
from skyclust.registry import provider_names

DEFAULT_WORKSPACE: Final = "default"
_SEPARATOR: Final = "--"  # a slug has no two dashes in a row
_slug: Final = TypeAdapter[str](Slug)


@dataclass(frozen=True)
class Document:
    """One block document: `values` are its fields that hold something, without the workspace."""

    id: UUID
    provider: str
    block_name: str
    workspace_id: str
    name: str
    values: dict[str, JsonValue]


def block_name(workspace_id: str, name: str) -> str:
    """Return the name of the document that SkyClust makes for a credential."""
    return f"{workspace_id}{_SEPARATOR}{name}"


def check_name(name: str) -> None:
    """Raise InvalidRequest when a text cannot name a credential or a workspace."""
    try:
        _slug.validate_python(name)
    except ValidationError as error:
        raise InvalidRequest(
            f"{name!r} cannot name a credential or a workspace.",
            hint="A name has at most 40 lowercase letters and digits, with single dashes between.",
        ) from error


def read(provider: str, name_of_block: str) -> Document | None:
    """Return a document with its values as they are kept, None when there is none.

    Raises InvalidRequest when its name and its workspace field contradict each other.
    """
    with prefect_client() as client:
        try:
            found = client.read_block_document_by_name(name_of_block, block_type_slug(provider))
        except ObjectNotFound:
            return None
    return _document(provider, found)


def find(workspace_id: str, name: str) -> list[Document]:
    """Return every document that claims to be this credential, of whatever provider."""
    candidates = (
        read(provider, name_of_block)
        for provider in provider_names()
        for name_of_block in (block_name(workspace_id, name), name)
    )
    return [
        found
        for found in candidates
        if found is not None and (found.workspace_id, found.name) == (workspace_id, name)
    ]


def list_all(provider: str) -> list[Document | InvalidRequest]:
    """Return every document of a provider; in the place of a misnamed one, what is wrong."""
    with prefect_client() as client:
        try:
            # This route of the server pages nothing: it always answers with all of them.
            page = client.read_block_documents_by_type(block_type_slug(provider))
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return []  # nobody has registered the block type yet
    documents: list[Document | InvalidRequest] = []
    for found in page:
        try:
            documents.append(_document(provider, found))
        except InvalidRequest as error:
            documents.append(error)
    return documents


def create(
    provider: str, workspace_id: str, name: str, values: Mapping[str, JsonValue]
) -> Document:
    """Make the document of a credential and return it; `values` are sealed already.

    Raises InvalidRequest when there is one of this name.
    """
    _refuse_references(values)
    cls = register_block_type(provider)
    document_name = block_name(workspace_id, name)
    with prefect_client() as client:
        try:
            made = client.create_block_document(
                BlockDocumentCreate(
                    name=document_name,
                    data={**values, WORKSPACE_FIELD: workspace_id},
                    block_schema_id=_known(cls._block_schema_id),
                    block_type_id=_known(cls._block_type_id),
                )
            )
        except ObjectAlreadyExists as error:
            raise already_there(provider, document_name) from error
    return Document(made.id, provider, document_name, workspace_id, name, dict(values))


def already_there(provider: str, name_of_block: str) -> InvalidRequest:
    """Return the refusal to make a block whose name is taken."""
    name = name_of_block.rpartition(_SEPARATOR)[2]
    return InvalidRequest(
        f"There is a Prefect block {name_of_block!r} of type"
        f" {block_type_slug(provider)!r} already.",
        hint=f"Use it: skyclust credential verify {name}. Or overwrite it with --replace.",
    )


def write(document: Document, values: Mapping[str, JsonValue]) -> Document:
    """Put sealed values in the place of a document's own and return it with them.

    Raises NotFound when it was deleted meanwhile.
    """
    _refuse_references(values)
    cls = register_block_type(document.provider)
    with prefect_client() as client:
        try:
            client.update_block_document(
                document.id,
                BlockDocumentUpdate(
                    data={**values, WORKSPACE_FIELD: document.workspace_id},
                    block_schema_id=_known(cls._block_schema_id),
                    merge_existing_data=False,
                ),
            )
        except ObjectNotFound as error:
            raise NotFound(f"The Prefect block {document.block_name!r} is gone.") from error
    return replace(document, values=dict(values))


def document_id(provider: str, name_of_block: str) -> str | None:
    """Return the id of a document, None when there is none of this name."""
    with prefect_client() as client:
        try:
            found = client.read_block_document_by_name(
                name_of_block, block_type_slug(provider), include_secrets=False
            )
        except ObjectNotFound:
            return None
    return str(found.id)


def delete(identity: str) -> None:
    """Delete the document with this id; one that is gone already is no error."""
    with prefect_client() as client, suppress(ObjectNotFound):
        client.delete_block_document(UUID(identity))


def _refuse_references(values: Mapping[str, JsonValue]) -> None:
    """Raise InvalidRequest for a value that the server would take for another block's."""
    place = reserved_key(values)
    if place is not None:
        raise InvalidRequest(f"A credential cannot have the key {place!r}: {RESERVED}.")


def _document(provider: str, found: BlockDocument) -> Document:
    document_name = str(found.name)
    before, separator, after = document_name.partition(_SEPARATOR)
    named_workspace, name = (before, after) if separator else ("", document_name)
    # A form sends the empty string for a field that was left alone.
    values = {key: value for key, value in found.data.items() if value not in (None, "")}
    given_workspace = str(values.pop(WORKSPACE_FIELD, ""))
    if named_workspace and given_workspace and named_workspace != given_workspace:
        raise InvalidRequest(
            f"The block {document_name!r} belongs to workspace {named_workspace!r} by its name"
            f" and to {given_workspace!r} by its field.",
            hint="Empty the field, or make a block with another name.",
        )
    workspace_id = named_workspace or given_workspace or DEFAULT_WORKSPACE
    check_name(workspace_id)
    check_name(name)
    return Document(found.id, provider, document_name, workspace_id, name, values)


def _known(identifier: UUID | None) -> UUID:
    if identifier is None:
        raise Unavailable("The Prefect server did not tell the id of a block type it registered.")
    return identifier
