"""Where a domain logs: the log of the flow run or of the process that calls it."""

from __future__ import annotations

from typing import Protocol


class Log(Protocol):
    """The methods of a logger that domains use."""

    def info(self, msg: object, *args: object) -> None:
        """Log what happened."""

    def warning(self, msg: object, *args: object) -> None:
        """Log what a person may have to look at."""
