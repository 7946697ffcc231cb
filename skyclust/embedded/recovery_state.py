"""The last state of the recovery loop, which it writes to `recovery.json`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from skyclust.file_modes import replace_private

STATE_FILE: Final = "recovery.json"

SILENT_AFTER: Final = timedelta(seconds=60)
"""The loop looks every ten seconds; a look waits for the store and for Prefect."""


class RecoveryState(BaseModel):
    """One look of the loop: when it ended, and a sentence for each thing that could not be done."""

    model_config = ConfigDict(frozen=True)

    looked_at: datetime
    pid: int
    problems: tuple[str, ...] = ()

    @classmethod
    def now(cls, problems: Sequence[str]) -> Self:
        """Return the state of a look that ends now in this process."""
        return cls(looked_at=datetime.now(UTC), pid=os.getpid(), problems=tuple(problems))

    @property
    def is_silent(self) -> bool:
        """Return whether the last look is too long ago."""
        return datetime.now(UTC) - self.looked_at > SILENT_AFTER


def read_recovery_state(home: Path) -> RecoveryState | None:
    """Return what the loop of this home saw last; None when it has not looked yet."""
    try:
        return RecoveryState.model_validate_json((home / STATE_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_recovery_state(home: Path, state: RecoveryState) -> None:
    """Keep what the loop saw; a reader sees the old state or the new one, never a mixture."""
    replace_private(home / STATE_FILE, state.model_dump_json() + "\n")
