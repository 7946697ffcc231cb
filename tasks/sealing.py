"""Sealing what people typed into credential blocks."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.orchestration.resealing import SealedBlocks, seal_plain_blocks
from skyclust.store.engine import open_store
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient


@task(
    name="seal plain blocks",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def seal_blocks(workspace_id: str | None) -> SealedBlocks:
    """Seal the credential blocks that are plain, of one workspace or of all."""
    return seal_plain_blocks(open_store(), workspace_id)
