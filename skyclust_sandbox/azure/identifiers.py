"""UUIDs that Azure generates: random, except for seeded resources, which keep theirs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager


class Identifiers:
    """Generates UUIDs."""

    def __init__(self) -> None:
        self._generator: random.Random | None = None

    def new(self) -> str:
        """Return a UUID that is not in use."""
        if self._generator is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self._generator.getrandbits(128), version=4))

    @contextmanager
    def seeded(self, seed: str) -> Iterator[None]:
        """Generate the same sequence of UUIDs for the same seed within this context.

        Resources that are created afterwards get random UUIDs, so that no id of one run is
        generated again in the next.
        """
        self._generator = random.Random(seed)  # noqa: S311 - reproducible ids, not a secret
        try:
            yield
        finally:
            self._generator = None
