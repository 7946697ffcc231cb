"""The view of the flow runs that people want to see, without idle housekeeping.

Without Prefect, so that `skyclust ui` need not load it.
"""

from __future__ import annotations

from typing import Final

IN_VIEW: Final = "skyclust"
"""Tag of the runs in the view. Housekeeping does not have it, until a run of it has done something
that people want to see."""


def runs_url(ui: str) -> str:
    """Return the address of the list of runs in a Prefect UI, without idle housekeeping.

    Prefect's server keeps no view that everybody has: this address is the view.
    """
    return f"{ui}/v2/runs?tags={IN_VIEW}"
