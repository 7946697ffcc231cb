"""The embedded server and a port that somebody takes while the server starts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from skyclust.embedded import prefect_api
from skyclust.embedded.processes import end
from skyclust.embedded.server import PORT_FILE, start_server

pytestmark = [pytest.mark.slow, pytest.mark.integration]


def test_a_port_that_is_taken_between_look_and_bind_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        looks = iter([taken])
        choose = prefect_api.choose_port
        # It was free a moment ago.
        monkeypatch.setattr(prefect_api, "choose_port", lambda port: next(looks, choose(port)))

        runtime = start_server(tmp_path, None)

        assert runtime.server is not None
        end(runtime.server, grace_seconds=10)
    assert f":{taken}/" not in runtime.api_url
    kept = (tmp_path / PORT_FILE).read_text().strip()
    assert runtime.api_url.endswith(f":{kept}/api"), "the next start has the same address"
    assert "already in use" in (tmp_path / "logs" / "server.log").read_text()
