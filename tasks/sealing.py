"""Sealing what people typed into credential blocks."""

from __future__ import annotations

from dataclasses import replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.orchestration.resealing import SealedBlocks, seal_credential_blocks
from skyclust.orchestration.user_data import seal_user_data_again
from skyclust.store.engine import open_store
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient


@task(
    name="seal blocks",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def seal_blocks(workspace_id: str | None) -> SealedBlocks:
    """Seal what is plain or sealed in an older form: blocks of one workspace or of all, and the
    user data of open operations, which an earlier version has journalled in the clear.
    """
    store = open_store()
    walk = seal_credential_blocks(store, workspace_id)
    _, problems = seal_user_data_again(store)
    return replace(walk, problems=(*walk.problems, *problems))
