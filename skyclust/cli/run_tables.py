"""The tables of flow runs that commands show."""

from __future__ import annotations

from typing import Final

from skyclust.cli.run_outcome import Shown

OPERATIONS: Final = {
    "operations": Shown(
        "Operations",
        ("name", "id", "action", "credential", "region", "state", "error", "operation"),
    )
}

PLACEMENT: Final = {
    "placement": Shown(
        "Placement",
        ("order", "standing", "credential", "region", "type", "cores", "memory GiB", "reason"),
    )
}
