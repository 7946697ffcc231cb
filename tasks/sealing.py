"""Sealing the secrets that people typed into credential blocks."""

from __future__ import annotations

from dataclasses import replace

from prefect import task

from skyclust.orchestration.resealing import SealedBlocks, seal_credential_blocks
from skyclust.orchestration.user_data import seal_user_data_again
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED


@task(name="seal blocks", **RETRIED)
def seal_blocks(workspace_id: str | None) -> SealedBlocks:
    """Seal what is plain or sealed in an older form, and return what was sealed.

    That is the blocks of one workspace or of all, and the user data of open operations, which an
    earlier version has journalled unsealed.
    """
    store = open_store()
    walk = seal_credential_blocks(store, workspace_id)
    _, problems = seal_user_data_again(store)
    return replace(walk, problems=(*walk.problems, *problems))
