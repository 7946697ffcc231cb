"""A process that has loaded Prefect and the flows, and forks for each flow run (decision 37).

The worker starts it: `python -P -m skyclust.orchestration.fork_server N`, where N is the
descriptor of a socket of type SOCK_SEQPACKET. It receives a `RunOrder` a message, and answers with
`Begun` from the new process and `Ended` from this one. It holds no thread, no connection and no
database, since a fork copies what they had locked, and it ends with the worker.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError
from skyclust.file_modes import keep_files_private
from skyclust.orchestration.fork_messages import MOST_BYTES, READY, Begun, Ended, RunOrder
from skyclust.orchestration.runs import ENTRYPOINTS

ENGINE: Final = "prefect.engine"
"""Prefect's public command for one flow run: `python -m prefect.engine`, PREFECT__FLOW_RUN_ID."""

PRELOADED: Final = (
    ENGINE,
    "prefect.flow_engine",
    "prefect.task_engine",
    "prefect.events.worker",
    "prefect.logging.handlers",
    "prefect.runtime",
    "skyclust.store.engine",
)
"""What a flow run imports before its first step, besides the flows. No cloud's SDK: a run needs
one or two of them, and that of Compute Engine alone takes 164 MB."""


def preload() -> None:
    """Import what every flow run needs.

    Raises ConfigurationError when an import has started a thread: what a thread has locked at the
    moment of a fork stays locked in the new process.
    """
    for module in (*PRELOADED, *(path.rpartition(".")[0] for path in ENTRYPOINTS.values())):
        importlib.import_module(module)
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate())
        raise ConfigurationError(f"Flow runs cannot be forked beside other threads: {names}.")
    gc.collect()
    # The collector writes into what it visits: memory that is never visited stays shared.
    gc.freeze()


def serve(connection: socket.socket) -> RunOrder | None:
    """Fork for each order; return it in the new process, and None here once the worker is gone."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not connection:
                    selector.unregister(key.fileobj)
                    _report_end(connection, descriptor=key.fd, pid=key.data)
                    continue
                message = _received(connection)
                if not message:
                    return None
                pid = os.fork()
                if pid == 0:
                    _close_others(selector, connection)
                    return RunOrder.model_validate_json(message)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, data=pid)


def _received(connection: socket.socket) -> bytes:
    with suppress(ConnectionResetError):  # the worker was killed
        return connection.recv(MOST_BYTES)
    return b""


def _report_end(connection: socket.socket, *, descriptor: int, pid: int) -> None:
    os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    message = Ended(pid=pid, exit_code=os.waitstatus_to_exitcode(status))
    with suppress(OSError):  # the worker is gone: the next look at the connection says so
        connection.send(message.model_dump_json().encode())


def _close_others(selector: selectors.BaseSelector, connection: socket.socket) -> None:
    """Close, in a new process, the descriptors of the runs that were begun before it."""
    for key in selector.get_map().values():
        if key.fileobj is not connection:
            os.close(key.fd)


def run(order: RunOrder, connection: socket.socket) -> None:
    """Become the process of a flow run, and run it as `python -m prefect.engine` does.

    Ends the process with Prefect's exit code. When the worker does not wait for this run any
    more it ends at once: the run has been begun in another way.
    """
    os.setsid()  # cancelling signals the group: all that the run starts, and nothing else
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    _name_process(ENGINE)
    begun = Begun(flow_run_id=order.flow_run_id, pid=os.getpid())
    with connection:
        try:
            connection.send(begun.model_dump_json().encode())
        except OSError:
            sys.exit(1)
    sys.argv = [ENGINE]
    # `runpy` warns of a module that is loaded already, as Prefect's own bootstrap knows.
    sys.modules.pop(ENGINE, None)
    runpy.run_module(ENGINE, run_name="__main__", alter_sys=True)


def _name_process(name: str) -> None:
    """Let `ps` and `top` tell a flow run from this server; proc(5), at most 15 characters."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def main() -> None:
    """Serve until the worker is gone; in a new process: run its flow."""
    keep_files_private()
    connection = socket.socket(fileno=int(sys.argv[1]))
    # What a run starts must not hold the connection open.
    connection.set_inheritable(False)
    preload()
    connection.send(READY)
    order = serve(connection)
    if order is not None:
        run(order, connection)


if __name__ == "__main__":
    main()
