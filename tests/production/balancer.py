"""One address for several servers, as the name of a service is among containers."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Sequence
from typing import Final

BUFFER: Final = 65536


class Balancer:
    """Forwards each connection to the next server that accepts one; a context manager."""

    def __init__(self, port: int, servers: Sequence[int]) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._servers = list(servers)
        self._next = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Balancer:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        # close() alone does not wake a thread that waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._connect()
            if server is None:
                client.close()
            else:
                threading.Thread(target=_copy, args=(client, server), daemon=True).start()

    def _connect(self) -> socket.socket | None:
        for _ in self._servers:
            port = self._servers[self._next % len(self._servers)]
            self._next += 1
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=2)
            except OSError:
                continue
        return None


def _copy(client: socket.socket, server: socket.socket) -> None:
    """Carry bytes both ways until either side ends."""
    other = {client: server, server: client}
    with client, server, selectors.DefaultSelector() as waiting:
        for side in other:
            side.settimeout(60)
            waiting.register(side, selectors.EVENT_READ, data=side)
        while True:
            for key, _ in waiting.select():
                ready: socket.socket = key.data
                try:
                    data = ready.recv(BUFFER)
                    if not data:
                        return
                    other[ready].sendall(data)
                except OSError:
                    return
