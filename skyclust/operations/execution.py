"""What operations need of the process that carries them on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from skyclust.contract import Provider
from skyclust.log import Log
from skyclust.store.engine import Store


@dataclass(frozen=True)
class Execution:
    """A flow run that carries operations on.

    `actor` is the name in the audit trail, `requested_by` the person or system that requested
    the run. `open_provider` returns the provider of a credential, and `slot` holds a slot of the
    credential's concurrency limit; both take the workspace's id and the credential's name.
    """

    store: Store
    run_id: str
    actor: str
    requested_by: str
    open_provider: Callable[[str, str], Provider]
    slot: Callable[[str, str], AbstractContextManager[None]]
    log: Log
