"""Which server a command talks to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from skyclust.cli.server import require_server, use_embedded_server
from skyclust.errors import ConfigurationError, Unavailable
from skyclust.security import auth_string


@pytest.fixture(autouse=True)
def _environment_of_its_own(monkeypatch: pytest.MonkeyPatch, skyclust_home: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    # What the code under test sets is put back too.
    for name in (
        "PREFECT_API_URL",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_HOME",
        "PREFECT_PROFILES_PATH",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
        "DO_NOT_TRACK",
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


def test_prefect_collects_no_usage_data(skyclust_home: Path) -> None:
    use_embedded_server()

    assert os.environ["DO_NOT_TRACK"] == "1"


OWN = "http://127.0.0.1:1/api"
OTHERS = "user:of-another-server-altogether"


def _started(home: Path, *, own: bool) -> None:
    server = {"pid": 1, "started": "1", "log": "server.log"} if own else None
    (home / "runtime.json").write_text(json.dumps({"api_url": OWN, "server": server}))


@pytest.mark.parametrize("inherited", [None, OTHERS])
def test_the_embedded_server_is_told_its_own_auth_string_alone(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch, inherited: str | None
) -> None:
    _started(skyclust_home, own=True)
    made = auth_string.initialise(skyclust_home)
    if inherited:
        monkeypatch.setenv("PREFECT_API_AUTH_STRING", inherited)

    use_embedded_server()

    assert os.environ["PREFECT_API_AUTH_STRING"] == made


def test_the_auth_string_of_a_home_is_for_no_other_server(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth_string.initialise(skyclust_home)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", OTHERS)

    _started(skyclust_home, own=False)
    use_embedded_server()
    with_a_worker_alone = os.environ["PREFECT_API_AUTH_STRING"]
    _started(skyclust_home, own=True)
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
    use_embedded_server()

    assert with_a_worker_alone == os.environ["PREFECT_API_AUTH_STRING"] == OTHERS


def test_whoever_names_the_embedded_server_need_not_know_its_auth_string(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _started(skyclust_home, own=True)
    made = auth_string.initialise(skyclust_home)
    monkeypatch.setenv("PREFECT_API_URL", OWN)

    use_embedded_server()

    assert os.environ["PREFECT_API_AUTH_STRING"] == made


def test_without_its_file_nothing_is_sent_to_the_embedded_server(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _started(skyclust_home, own=True)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", OTHERS)

    use_embedded_server()

    assert "PREFECT_API_AUTH_STRING" not in os.environ


def test_an_auth_string_that_others_can_read_is_told(skyclust_home: Path) -> None:
    _started(skyclust_home, own=True)
    auth_string.initialise(skyclust_home)
    auth_string.path_in(skyclust_home).chmod(0o644)

    with pytest.raises(ConfigurationError, match="open to other users"):
        use_embedded_server()


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
