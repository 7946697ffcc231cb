"""Opening the block of a credential: read, trusted, sealed where it was not, and opened."""

from __future__ import annotations

import time
from typing import Final

from pydantic import ValidationError

from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError, Conflict, NotFound
from skyclust.model.workspace import CredentialRecord
from skyclust.orchestration import block_documents
from skyclust.orchestration.block_documents import Document
from skyclust.orchestration.sealing import owner_of, seal_document
from skyclust.providerkit.permissions import load_permissions
from skyclust.registry import provider_class
from skyclust.security.fields import open_fields, secret_fields
from skyclust.security.keyring import load_keyring
from skyclust.security.validation import complaints
from skyclust.store.engine import Store

_READS: Final = 6
"""How often a block is read that somebody writes at the same time."""

_PAUSE_SECONDS: Final = 0.1


def current_document(store: Store, record: CredentialRecord) -> Document:
    """Return the block of a credential, each secret in it sealed, and the right one.

    Raises NotFound when the block is gone, ConfigurationError when it is not to be trusted,
    Conflict when others keep changing it.
    """
    for number in range(1, _READS):
        try:
            return seal_document(store, _read(record))
        except Conflict:
            # Many that use a new block at once all want to seal it: one does, the others wait.
            time.sleep(_PAUSE_SECONDS * number)
    return seal_document(store, _read(record))


def opened(document: Document) -> CredentialModel:
    """Return what a block holds with its secrets in the clear, and keep them out of logs.

    Raises ConfigurationError when a secret does not open, when the values do not fit the model, and
    for what the operator of this process does not allow.
    """
    model = provider_class(document.provider).credential_model
    values = document.values
    if secret_fields(model) & values.keys():
        values = open_fields(load_keyring(), model, values, owner_of(document))
    try:
        credential = model.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(
            f"Credential {document.name!r} is not complete: {complaints(error)}.",
            hint=f"Correct the Prefect block {document.block_name!r}, or the credential with"
            " skyclust credential add --replace.",
        ) from None
    credential.check_permitted(load_permissions())
    return credential


def _read(record: CredentialRecord) -> Document:
    document = block_documents.read(record.provider, record.block_name)
    if document is None:
        raise NotFound(
            f"The Prefect block {record.block_name!r} of credential {record.name!r} is gone.",
            hint="Remove the credential and add it again:"
            f" skyclust credential remove {record.name}",
        )
    if (document.workspace_id, document.name) != (record.workspace_id, record.name):
        raise ConfigurationError(
            f"The Prefect block {record.block_name!r} of credential {record.name!r} now says that"
            f" it belongs to workspace {document.workspace_id!r}.",
            hint=f"Set its workspace field back to {record.workspace_id!r}.",
        )
    return document
