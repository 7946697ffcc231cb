"""What exists when the sandbox Azure begins."""

from __future__ import annotations

from skyclust.sandbox.azure.state import State
from skyclust.sandbox.seeds import Seed


def begin(state: State, seed: Seed) -> None:
    """Make what a seed has."""
    del seed
    from skyclust.sandbox.azure import defaults

    defaults.begin(state)
