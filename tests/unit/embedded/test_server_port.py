"""The port of the Prefect server stays with its home folder."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from skyclust.embedded.runtime import Runtime
from skyclust.embedded.server import DEFAULT_PORT, PORT_FILE, start_server, wanted_port
from skyclust.errors import ConfigurationError


def test_the_last_port_is_wanted_again_after_a_stop(tmp_path: Path) -> None:
    at_first = wanted_port(tmp_path, None)
    (tmp_path / PORT_FILE).write_text("39175\n")
    stopped = wanted_port(tmp_path, None)
    running = wanted_port(tmp_path, Runtime(api_url="http://127.0.0.1:4711/api"))
    (tmp_path / PORT_FILE).write_text("no port")

    assert (at_first, stopped, running) == (DEFAULT_PORT, 39175, 4711)
    assert wanted_port(tmp_path, None) == DEFAULT_PORT


def test_a_port_that_was_named_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {taken} is taken") as refused:
            start_server(tmp_path, None, port=taken)

    assert "--port" in refused.value.hint
    assert not (tmp_path / "logs").exists(), "no server was started"
