"""Which server a command talks to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from skyclust.cli.server import require_server, use_embedded_server
from skyclust.errors import Unavailable


@pytest.fixture(autouse=True)
def _environment_of_its_own(monkeypatch: pytest.MonkeyPatch, skyclust_home: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    # What the code under test sets is put back too.
    for name in (
        "PREFECT_API_URL",
        "PREFECT_HOME",
        "PREFECT_PROFILES_PATH",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
        "NO_PROXY",
        "no_proxy",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_environment_wins_over_the_embedded_server(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (skyclust_home / "runtime.json").write_text(json.dumps({"api_url": "http://127.0.0.1:1/api"}))
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")

    use_embedded_server()

    assert os.environ["PREFECT_API_URL"] == "http://prefect.example/api"
    assert "PREFECT_HOME" not in os.environ


def test_the_embedded_server_is_found_by_its_home(skyclust_home: Path) -> None:
    (skyclust_home / "runtime.json").write_text(json.dumps({"api_url": "http://127.0.0.1:1/api"}))

    use_embedded_server()

    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert os.environ["PREFECT_HOME"] == str(skyclust_home / "prefect")


@pytest.mark.parametrize("state", [None, "", "{", "[]", '{"other": 1}'])
def test_without_a_server_none_is_made_up(skyclust_home: Path, state: str | None) -> None:
    if state is not None:
        (skyclust_home / "runtime.json").write_text(state)

    use_embedded_server()

    assert os.environ["PREFECT_SERVER_ALLOW_EPHEMERAL_MODE"] == "false"
    with pytest.raises(Unavailable, match="No Prefect server is running") as refused:
        require_server()
    assert "skyclust up --detach" in refused.value.hint


def test_a_server_that_is_gone_is_told(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1/api does not answer"):
        require_server()


def test_a_configured_proxy_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "corp.example")

    use_embedded_server()

    assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "corp.example,127.0.0.1,localhost"
