"""Bootstrap and the worker of one start, which load while the server starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from skyclust.embedded.bootstrapping import load_bootstrap
from skyclust.embedded.processes import is_alive
from skyclust.embedded.runtime import Runtime
from skyclust.embedded.waiting_process import give_up
from skyclust.embedded.worker import load_worker, worker_name
from skyclust.errors import Unavailable


class Preparation:
    """The processes that wait until they may begin; to be used as a context manager.

    At its end those that wait still are ended.
    """

    def __init__(self, home: Path, *, reset: bool) -> None:
        self._home = home
        self._reset = reset
        self._for: tuple[str, str | None] | None = None
        self._bootstrap: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None
        """None when a worker of the server runs already."""
        self.worker_name = worker_name()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._give_up()

    @property
    def bootstrap(self) -> subprocess.Popen[bytes]:
        """Return the bootstrap that waits; raises Unavailable before `load`."""
        if self._bootstrap is None:
            raise Unavailable("Bootstrap was not loaded.")
        return self._bootstrap

    def load(self, runtime: Runtime, auth: str | None) -> None:
        """Start what this server needs, unless it was started for the same server already.

        A server that found its port taken is followed by another, with another address.
        """
        wanted = (runtime.api_url, auth)
        if self._for != wanted:
            self._give_up()
            self._for = wanted
            self._bootstrap = load_bootstrap(
                self._home, api_url=runtime.api_url, auth_string=auth, reset=self._reset
            )
        # A worker of the address before lives until the new server is there.
        if self.worker is None and (runtime.worker is None or not is_alive(runtime.worker)):
            self.worker = load_worker(
                self._home, name=self.worker_name, api_url=runtime.api_url, auth_string=auth
            )

    def _give_up(self) -> None:
        for child in (self._bootstrap, self.worker):
            if child is not None:
                give_up(child)
        self._bootstrap = self.worker = None
