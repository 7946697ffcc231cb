"""The region in which a credential works by default."""

from __future__ import annotations

from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.orchestration import block_documents
from skyclust.registry import provider_class
from skyclust.store import credentials
from skyclust.store.engine import Store


def own_region(store: Store, workspace_id: str, credential: str) -> str | None:
    """Return the region in a credential's block; None when it names none, or cannot be read."""
    try:
        return default_region(store, workspace_id, credential)
    except SkyClustError:
        return None


def default_region(store: Store, workspace_id: str, credential: str) -> str:
    """Return the region in a credential's block; raises InvalidRequest when it names none."""
    with store.reading() as connection:
        record = credentials.get(connection, workspace_id, credential)
    document = block_documents.read(record.provider, record.block_name)
    model = provider_class(record.provider).credential_model
    values = model.by_field_names(document.values) if document else {}
    region = values.get(model.region_field)
    if not isinstance(region, str):
        raise InvalidRequest(
            f"Credential {credential!r} has no default region.", hint="Name one with --region."
        )
    return region
