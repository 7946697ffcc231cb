"""Ids that Azure thinks up: random, but for those of an estate, which is the same in every run."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager


class Identifiers:
    """Gives out UUIDs, each once."""

    def __init__(self) -> None:
        self._dice: random.Random | None = None

    def new(self) -> str:
        """Return a UUID that nothing has."""
        if self._dice is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    @contextmanager
    def planned(self, plan: str) -> Iterator[None]:
        """Give out the same UUIDs in the same order for a plan of this name.

        What is made later gets random ones: no id of a run is given again in the next.
        """
        self._dice = random.Random(plan)  # noqa: S311 - a plan, not a secret
        try:
            yield
        finally:
            self._dice = None
