"""The environment of the parts of an installation: what the caller may set, and what not."""

from __future__ import annotations

from pathlib import Path

from skyclust.embedded.environment import HEARTBEAT, client_environment, server_environment

HOME = Path("/srv/home")
AUTH = "skyclust:of-this-installation-alone"
FOREIGN = {
    "PREFECT_API_AUTH_STRING": "user:of-another-server",
    "PREFECT_SERVER_API_AUTH_STRING": "user:of-another-server",
    "PREFECT_API_URL": "http://prefect.example/api",
    HEARTBEAT: "300",
}


def _server(inherited: dict[str, str]) -> dict[str, str]:
    return server_environment(
        HOME, port=4321, encryption_key="key", auth_string=AUTH, inherited=inherited
    )


def test_a_server_has_its_own_auth_string_whatever_the_caller_has() -> None:
    environment = _server(FOREIGN)

    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == AUTH
    assert environment["PREFECT_API_AUTH_STRING"] == AUTH
    assert environment["PREFECT_API_URL"] == "http://127.0.0.1:4321/api"


def test_a_server_lets_its_own_pages_in_and_a_caller_can_add_some() -> None:
    origins = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"

    assert _server({})[origins] == "http://127.0.0.1:4321,http://localhost:4321"
    assert _server({})["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert _server({origins: "https://ours.example"})[origins] == "https://ours.example"


def test_what_uses_the_server_has_its_auth_string_and_not_the_servers_setting() -> None:
    environment = client_environment(
        HOME, api_url="http://x/api", auth_string=AUTH, inherited=FOREIGN
    )

    assert environment["PREFECT_API_AUTH_STRING"] == AUTH
    assert "PREFECT_SERVER_API_AUTH_STRING" not in environment
    assert environment[HEARTBEAT] == "30", "the automation that finds dead runs counts on it"


def test_with_somebody_elses_server_the_callers_auth_string_stays() -> None:
    environment = client_environment(
        HOME, api_url="http://x/api", auth_string=None, inherited=FOREIGN
    )

    assert environment["PREFECT_API_AUTH_STRING"] == "user:of-another-server"
