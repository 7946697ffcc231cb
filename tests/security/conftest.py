"""What an attacker has, and an installation as `skyclust up` leaves it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from skyclust.orchestration.blocks import block_type_slug
from skyclust.security import auth_string
from tests.fixtures.installation import CommandLine, running_installation
from tests.integration.credentials.conftest import Blocks, blocks, home, store
from tests.integration.runtime.conftest import api, empty, prefect_database, skyclust

__all__ = ["api", "blocks", "empty", "home", "prefect_database", "skyclust", "store"]


class Attacker:
    """Whoever may call Prefect's API, and has no key: reads and writes every block."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks

    def steal(self, provider: str, name: str) -> dict[str, Any]:
        """Return all that a block holds, its sealed values among it."""
        return dict(self._read(provider, name)["data"])

    def put(self, provider: str, name: str, **changes: object) -> None:
        """Change some fields of a block; None takes one out."""
        found = self._read(provider, name)
        data = {key: value for key, value in {**found["data"], **changes}.items() if value != ""}
        body = {
            "data": {key: value for key, value in data.items() if value is not None},
            "block_schema_id": found["block_schema_id"],
            "merge_existing_data": False,
        }
        self._blocks.call("PATCH", f"block_documents/{found['id']}", json=body)

    def plant(self, provider: str, name: str, data: dict[str, object]) -> None:
        """Make a block of a name that there is not yet."""
        slug = block_type_slug(provider)
        type_id = self._blocks.call("GET", f"block_types/slug/{slug}").json()["id"]
        wanted = {"block_schemas": {"block_type_id": {"any_": [type_id]}}, "limit": 1}
        schema = self._blocks.call("POST", "block_schemas/filter", json=wanted).json()[0]
        body = {
            "name": name,
            "data": data,
            "block_type_id": type_id,
            "block_schema_id": schema["id"],
        }
        self._blocks.call("POST", "block_documents/", json=body)

    def _read(self, provider: str, name: str) -> dict[str, Any]:
        path = f"block_types/slug/{block_type_slug(provider)}/block_documents/name/{name}"
        found: dict[str, Any] = self._blocks.call(
            "GET", path, params={"include_secrets": True}
        ).json()
        return found


class Listener:
    """A machine of the attacker's: takes every connection, and keeps each byte that arrives."""

    def __init__(self) -> None:
        self.heard = b""
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                Thread(target=self._hear, args=(connection,), daemon=True).start()

    def _hear(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(2)
            self.heard += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def attacker(blocks: Blocks) -> Attacker:
    """Somebody who may call Prefect's API."""
    return Attacker(blocks)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A machine of the attacker's."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture(scope="package")
def installed(
    tmp_path_factory: pytest.TempPathFactory, prefect_database: Path
) -> Iterator[CommandLine]:
    """An installation that runs, shared by all attacks that do not stop it."""
    home = tmp_path_factory.mktemp("attacked") / "home"
    with running_installation(home, prefect_database) as (command_line, printed):
        assert str(auth_string.path_in(home)) in printed
        yield command_line


@pytest.fixture
def secret(installed: CommandLine) -> str:
    """The auth string of the installation."""
    found = auth_string.read(installed.home)
    assert found
    return found
