"""Artifacts of a flow run in the Prefect UI: tables, pages and progress.

The `show_*` functions write an artifact of the flow run that they are called in. Tables are
bounded: an artifact is for reading, the inventory is for searching.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

MOST_ARTIFACT_ROWS: Final = 500
"""Rows of one table; its description says how many are left out."""

PROGRESS_POINTS: Final = 5.0
"""Points of a hundred between two moves of a progress bar: Prefect keeps an event of each."""

FULL: Final = 100.0

_LEFT_OUT: Final = re.compile(r"; (\d+) more are left out$")

Row = dict[str, str | int | None]


def artifact_key(*parts: str) -> str:
    """Return a key of an artifact: lowercase letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9-]+", "-", "-".join(parts).lower()).strip("-")


def subject_key(kind: str, workspace_id: str, credential: str, name: str) -> str:
    """Return the key of a subject's page, which no other subject's page has.

    The versions of one key are the page's history. A workspace and a credential have no two dashes
    in a row, so these part them; a name with letters that a key cannot have gets a digest too.
    """
    exact = f"{kind}-{workspace_id}--{credential}--{name}"
    key = artifact_key(exact)
    return key if key == exact else f"{key}-{hashlib.sha256(exact.encode()).hexdigest()[:8]}"


def escaped(text: str) -> str:
    """Return text that breaks neither a table nor a heading, whatever a cloud put into it."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line)


def show_table(key: str, rows: Sequence[Row], description: str, *, total: int) -> None:
    """Write a table of at most MOST_ARTIFACT_ROWS rows; `total` is how many there are to show."""
    shown = rows[:MOST_ARTIFACT_ROWS]
    if total > len(shown):
        description += f"; {total - len(shown)} more are left out"
    create_table_artifact(table=list(shown), key=artifact_key(key), description=description)


def left_out(description: str | None) -> int:
    """Return how many rows a table's description says are left out."""
    match = _LEFT_OUT.search(description or "")
    return int(match[1]) if match else 0


def show_text(key: str, markdown: str, description: str) -> None:
    """Write a Markdown page."""
    create_markdown_artifact(markdown, key=artifact_key(key), description=description)


class ProgressBar:
    """A progress bar of the flow run that it is made in, at 0% at first.

    Its description says how far the run is in words, such as "214 of 329 scopes read".
    """

    def __init__(self, key: str, description: str) -> None:
        created = create_progress_artifact(
            progress=0.0, key=artifact_key(key), description=description
        )
        if not isinstance(created, UUID):
            raise TypeError("the progress artifact was made outside a synchronous flow run")
        self._id = created
        self._shown = 0.0

    def move(self, percent: float, description: str, *, last: bool = False) -> None:
        """Move the bar to 0 to 100 percent, in steps of PROGRESS_POINTS and at the end.

        The end is at 100 percent, or where `last` says that nothing follows.
        """
        moved = percent - self._shown >= PROGRESS_POINTS or self._shown < percent == FULL
        if moved or last:
            self._shown = percent
            update_progress_artifact(self._id, progress=percent, description=description)
