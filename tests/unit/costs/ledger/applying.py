"""Changes a ledger in a process of its own, which dies at a given step.

    python -m tests.unit.costs.ledger.applying WORK STORE_URL ROOT LOG [STEP]

WORK is a name in `WORKS`. A step is a file that is opened, renamed or removed, a statement of SQL,
or a commit; each is written to LOG before it is taken.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from skyclust.costs.ledger.settings import save_settings
from skyclust.costs.ledger.storage import open_root
from skyclust.model.cost_settings import CostSettings
from skyclust.store.engine import open_store
from tests.unit.costs.bills import JANUARY, PRODUCED, bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

WATCHED = frozenset({"open", "os.rename", "os.remove", "shutil.rmtree"})


class Steps:
    """Counts the steps, writes them down, and dies at one of them."""

    def __init__(self, log: Path, last: int | None, root: str) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._last, self._root, self._count = last, root, 0

    def watch(self) -> None:
        sys.addaudithook(self._audit)
        event.listen(Engine, "before_cursor_execute", self._statement)
        event.listen(Engine, "commit", lambda connection: self._take("commit"))

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in WATCHED and arguments and self._is_ours(str(arguments[0])):
            self._take(name)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._root) or "skyclust-costs-" in path

    def _statement(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        self._take(" ".join(statement.split()[:3]))

    def _take(self, what: str) -> None:
        self._count += 1
        os.write(self._log, f"{what}\n".encode())
        if self._count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def apply_second(ledger: Ledger) -> None:
    """Apply the delivery that changes one day, withdraws another and adds a third."""
    days = days_of(JANUARY)[:7]
    rows = [bill([days[0]]), bill([days[1]], seed=2), *(bill([day]) for day in days[3:])]
    ledger.apply(rows, delivery(produced_at=PRODUCED + timedelta(hours=1), fingerprint="second"))


def name_tags(ledger: Ledger) -> None:
    """Name an allocation tag, by which the rollups of all periods are made anew."""
    settings = CostSettings(allocation_tags=("team",))
    save_settings(ledger.store, "default", settings, saved_by="user:1", root=ledger.root)


WORKS: Final[dict[str, Callable[[Ledger], None]]] = {
    "apply": apply_second,
    "name tags": name_tags,
}


if __name__ == "__main__":
    work, url, root, log, *step = sys.argv[1:]
    opened = open_store(url)
    Steps(Path(log), int(step[0]) if step else None, root).watch()
    WORKS[work](Ledger(opened, open_root(root)))
