"""The worker's side of its fork server: starts it, sends orders, waits for the ends of the runs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from prefect.logging import get_logger

from skyclust.errors import Unavailable
from skyclust.orchestration.fork_messages import ANSWER, MOST_BYTES, READY, Begun, RunOrder

MODULE: Final = "skyclust.orchestration.fork_server"

READY_SECONDS: Final = 30.0
"""Loading takes three seconds of CPU; a run that waits for it starts sooner than by its own."""

BEGIN_SECONDS: Final = 10.0
"""A fork takes 10 ms."""

UNKNOWN_EXIT: Final = 1
"""The exit code of a run whose fork server died before it: only its parent learns the true one.
What the run itself has reported to the worker or to Prefect counts before it."""

_log = get_logger("skyclust.fork_server")


class ForkedProcess:
    """The process of a flow run, with what Prefect's runner needs of one: its id and its end."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._descriptor: int | None = None
        with suppress(ProcessLookupError):  # it has ended already, which its server will say
            self._descriptor = os.pidfd_open(pid)

    @property
    def returncode(self) -> int | None:
        """Return the exit code, negative for a signal; None while the process runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return await asyncio.shield(self._ended)

    def ended(self, exit_code: int) -> None:
        """Record the end."""
        if not self._ended.done():
            self._ended.set_result(exit_code)
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None

    def outlive_server(self) -> None:
        """Watch the process itself from now on: who would report its end is gone."""
        if self._descriptor is None:
            self.ended(UNKNOWN_EXIT)
            return
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    def _reap(self) -> None:
        # In a container the worker may be process 1, which inherits the orphans.
        with suppress(ChildProcessError):
            _, status = os.waitpid(self.pid, os.WNOHANG)
            self.ended(os.waitstatus_to_exitcode(status))
            return
        self.ended(UNKNOWN_EXIT)


class ForkServer:
    """One fork server, from its start to its end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        loop = asyncio.get_running_loop()
        self.started = time.monotonic()
        self.is_lost = False
        self._ready: asyncio.Future[None] = loop.create_future()
        self._begun: dict[UUID, asyncio.Future[ForkedProcess]] = {}
        self._running: dict[int, ForkedProcess] = {}
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connection.setblocking(False)
        with theirs:
            # -P: nothing is imported from the folder that it happens to start in.
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._reading = loop.create_task(self._read())

    async def fork(self, order: RunOrder) -> ForkedProcess:
        """Begin a flow run in a process of its own, and return that.

        Raises Unavailable when it was not begun, and will not be.
        """
        message = order.model_dump_json().encode()
        if len(message) > MOST_BYTES:
            raise Unavailable("The environment of a flow run is too long for the fork server.")
        begun: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.shield(self._ready)
            self._begun[order.flow_run_id] = begun
            async with asyncio.timeout(BEGIN_SECONDS):
                await asyncio.get_running_loop().sock_sendall(self._connection, message)
                return await asyncio.shield(begun)
        except (OSError, TimeoutError) as error:
            # Whoever says that it has begun after this gets an error, and ends.
            self.close()
            if begun.done() and not begun.cancelled() and begun.exception() is None:
                return begun.result()
            raise Unavailable(f"The fork server does not answer: {error!r}") from error
        finally:
            self._begun.pop(order.flow_run_id, None)

    def close(self) -> None:
        """End the server; the runs that it has begun go on, and are watched to their end."""
        if self.is_lost:
            return
        self._process.kill()
        # From here on a process that says that it has begun gets an error; one that has said so
        # already is heard.
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
            while message := self._connection.recv(MOST_BYTES):
                self._receive(message)
        self._lose()

    async def aclose(self) -> None:
        """End the server, and return once it has ended."""
        self.close()
        await self._reading

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        with self._connection:
            try:
                while message := await loop.sock_recv(self._connection, MOST_BYTES):
                    self._receive(message)
            except OSError as error:
                _log.debug("The connection to the fork server broke: %s", error)
            if not self.is_lost:
                _log.warning(
                    "The fork server ended: until another is ready, runs start by themselves."
                )
            self._lose()
        self._process.kill()  # it may have closed its connection only
        await asyncio.to_thread(self._process.wait)  # leaves no zombie

    def _receive(self, message: bytes) -> None:
        if message == READY:
            if not self._ready.done():
                self._ready.set_result(None)
            return
        answer = ANSWER.validate_json(message)
        if not isinstance(answer, Begun):
            process = self._running.pop(answer.pid, None)
            if process is not None:
                process.ended(answer.exit_code)
            return
        waiting = self._begun.get(answer.flow_run_id)
        if waiting is None or waiting.done():
            with suppress(ProcessLookupError):  # nobody waits for it: it was cancelled meanwhile
                os.killpg(answer.pid, signal.SIGKILL)
            return
        process = self._running[answer.pid] = ForkedProcess(answer.pid)
        waiting.set_result(process)

    def _lose(self) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        gone = ConnectionResetError("the fork server ended")
        futures: list[asyncio.Future[Any]] = [self._ready, *self._begun.values()]
        for waiting in futures:
            if not waiting.done():
                waiting.set_exception(gone)
                waiting.exception()  # known: nobody may be waiting for it
        for process in self._running.values():
            process.outlive_server()
        self._running.clear()
