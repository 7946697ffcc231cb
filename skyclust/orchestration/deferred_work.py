"""Work at Prefect that follows from a commit: sending events, deleting blocks that are unwanted.

The store records the work in the transaction that makes it due. The process that committed does
it at once; what a process that died has left, or one whose server did not answer, is done by every
flow when it begins and ends, and by the recovery loop every few seconds.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from skyclust.errors import SkyClustError
from skyclust.orchestration import block_documents
from skyclust.orchestration.dispatch import try_to_send
from skyclust.store import blocks
from skyclust.store.engine import Store

_logger: Final = logging.getLogger(__name__)


def do_deferred_work(store: Store) -> None:
    """Do the work that is due; what cannot be done now stays due."""
    try_to_send(store)
    try:
        delete_unwanted_blocks(store)
    except SkyClustError as error:
        _logger.warning("Blocks of removed credentials are still to be deleted: %s", error)


def delete_unwanted_blocks(store: Store) -> int:
    """Delete the blocks of removed credentials and return how many there were.

    Raises what `prefect_client` raises; what was not deleted stays due.
    """
    with store.reading() as connection:
        unwanted = blocks.unwanted(connection)
    for one in unwanted:
        block_documents.delete(one.document_id)
        store.write(
            partial(blocks.forget, workspace_id=one.workspace_id, document_id=one.document_id)
        )
    return len(unwanted)
