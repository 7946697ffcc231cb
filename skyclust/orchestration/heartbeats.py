"""A flow run that has open operations says in the store that it is alive, every few seconds.

Recovery tells a busy run from a dead one by it. Prefect has heartbeats too, and they are events:
when the consumer of events is dead or behind, every busy run would look dead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from skyclust.errors import SkyClustError
from skyclust.store import heartbeats
from skyclust.store.engine import open_store

BEAT_SECONDS: Final = 10.0

SILENT_AFTER: Final = timedelta(seconds=45)
"""A run that was not heard of for so long is gone: four heartbeats in a row and some delay. Its
operations are fenced, so one that was only slow does no harm when it wakes."""

_JOIN_SECONDS: Final = 2.0
"""How long the end of a run waits for the thread, which may wait for the store's lock."""

_log: Final = logging.getLogger("skyclust.heartbeats")


@contextmanager
def heartbeat(run_id: str) -> Iterator[None]:
    """Beat for a flow run until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=_beat, args=(run_id, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_JOIN_SECONDS)
        try:
            open_store().write(lambda connection: heartbeats.forget(connection, run_id))
        except SkyClustError as error:
            _log.warning("The heartbeats of run %s stay in the store: %s", run_id, error)


def _beat(run_id: str, ended: threading.Event) -> None:
    while True:
        try:
            open_store().write(lambda connection: heartbeats.beat(connection, run_id))
        except SkyClustError as error:
            # The next one may get through; until then the run looks silent, which is true.
            _log.warning("Run %s could not write that it is alive: %s", run_id, error)
        if ended.wait(BEAT_SECONDS):
            return
