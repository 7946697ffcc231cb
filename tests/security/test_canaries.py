"""Derived and nested secrets are found nowhere, though endpoints repeat them and all logs are on.

The product runs as people run it, with every logger at DEBUG, against endpoints that pass
requests on to sandbox clouds and then begin to repeat what they are sent: bearer and Keystone
tokens, API tokens, whole requests. Then every file of the installation, everything that Prefect's
API shows and everything that was printed is searched.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from skyclust.registry import provider_class
from skyclust.security.fields import secret_fields
from tests.fixtures.sandbox import RunningCloud
from tests.integration.test_canary import Installation, _read_everything, _written_forms
from tests.security.attacked import credential_values
from tests.security.echo import SHORTEST_TOKEN, Echo, echoing

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

# AWS requests are signed and carry nothing that could be repeated.
CLOUDS: Final = ("azure", "gcp", "openstack", "proxmox")

DEBUGGING: Final = {
    "PREFECT_LOGGING_LEVEL": "DEBUG",
    "PREFECT_LOGGING_ROOT_LEVEL": "DEBUG",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "azure,google,keystoneauth,proxmoxer,requests,urllib3",
}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    installation = Installation(home)
    installation.environment |= DEBUGGING
    try:
        installation.run("up", "--detach")
        yield installation
    finally:
        installation.run("down")


@pytest.fixture
def sandboxes(request: pytest.FixtureRequest) -> Callable[[str], RunningCloud]:
    return lambda cloud: request.getfixturevalue(f"{cloud}_estate")


def _secrets_of(cloud: str, values: dict[str, Any]) -> set[str]:
    """Return what must not be found: the secret fields, and of a key's JSON the private key."""
    given = {
        str(values[f])
        for f in secret_fields(provider_class(cloud).credential_model) & values.keys()
    }
    lines: set[str] = set()
    for text in given:
        if text.startswith("{"):
            lines |= set(json.loads(text)["private_key"].splitlines()[1:-1])
    return {one for one in given | lines if len(one) >= SHORTEST_TOKEN}


def test_tokens_and_nested_secrets_are_found_nowhere(
    installation: Installation, sandboxes: Callable[[str], RunningCloud]
) -> None:
    echoes: dict[str, Echo] = {}
    own = (installation.home / "prefect-auth-string").read_text().strip()
    wanted = {own, base64.b64encode(own.encode()).decode()}
    with ExitStack() as stack:
        for cloud in CLOUDS:
            echo, server = stack.enter_context(echoing(sandboxes(cloud).endpoint))
            echoes[cloud] = echo
            values = credential_values(cloud, server.url)
            wanted |= _secrets_of(cloud, values)
            installation.run(
                *("credential", "add", cloud, "--provider", cloud, "--from-file", "-"),
                stdin=json.dumps(values),
            )
            installation.run("credential", "verify", cloud)
        installation.run("inventory", "sync")
        installation.run("inventory", "sync", "--local")
        for echo in echoes.values():
            echo.repeating = True
        installation.run("inventory", "sync", expect=1)
        for cloud in CLOUDS:
            installation.run("credential", "verify", cloud, expect=None)
            place = ("--credential", cloud, "--region", "anywhere", "--image", "x", "--type", "y")
            installation.run("instance", "create", f"bad-{cloud}", *place, expect=None)
        for shown in ("inventory scopes", "operation list", "audit list", "credential list"):
            installation.run(*shown.split(), "--json")
        told = _read_everything(installation)
    for cloud, echo in echoes.items():
        assert echo.sent, f"No token was sent to {cloud}: the search would prove nothing."
        wanted |= echo.sent
    assert "Echo" in json.dumps(told) + installation.printed
    _search(wanted, "what was printed", installation.printed.encode())
    for noun, found in told.items():
        for one in found:
            _search(wanted, noun, json.dumps(one).encode())
    installation.run("down")
    for path in installation.home.rglob("*"):
        if path.is_file() and path.name != "prefect-auth-string":
            _search(wanted, str(path), path.read_bytes())


def _search(wanted: set[str], where: str, content: bytes) -> None:
    found = [one[:6] for one in wanted if any(form in content for form in _written_forms(one))]
    assert not found, f"{where}: {found}"
