"""The operator allows a private network by command, or when asked at a terminal."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.cli.main import main
from skyclust.providerkit.permissions import AddressNotAllowed, load_permissions

ASK = """
from skyclust.cli.allowed_endpoints import with_permission
from skyclust.providerkit.permissions import load_permissions
check = load_permissions
with_permission(lambda: check().check_address("pve.example.com", "10.1.2.3", 8006, tls=True))
print("called")
"""


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_networks_are_allowed_listed_and_removed(
    skyclust_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ALLOWED_NETWORKS", "10.9.0.0/16")
    assert _run("network", "allow", "https://10.1.2.3:8006/") == ExitCode.DONE
    assert _run("network", "allow", "10.1.2.3:8006") == ExitCode.DONE
    assert "already" in capsys.readouterr().err
    assert _run("network", "list", "--json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == [
        {"network": "10.9.0.0/16", "allowed_by": "SKYCLUST_ALLOWED_NETWORKS"},
        {"network": "10.1.2.3:8006", "allowed_by": "skyclust network allow"},
    ]
    load_permissions().check_address("pve", "10.1.2.3", 8006, tls=True)
    assert _run("network", "remove", "10.1.2.3:8006") == ExitCode.DONE
    with pytest.raises(AddressNotAllowed):
        load_permissions().check_address("pve", "10.1.2.3", 8006, tls=True)
    assert _run("network", "remove", "10.1.2.3:8006") == ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    "entry",
    [
        "pve.example.com",
        "10.0.0.1/8",
        "10.0.0.0/8:99999",
        "",
        "127.0.0.1",
        "http://[::1]",
        "0.0.0.0/0",
        "::/0",
        "169.254.169.254:80",
    ],
)
def test_what_is_no_network_is_refused(entry: str, skyclust_home: Path) -> None:
    assert _run("network", "allow", entry) == ExitCode.USAGE
    assert not (skyclust_home / "allowed-networks").exists()


def test_the_list_is_its_owners(skyclust_home: Path) -> None:
    before = os.umask(0)
    try:
        _run("network", "allow", "10.1.2.3:8006")
    finally:
        os.umask(before)
    for path in skyclust_home.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def _asked(home: Path, answer: str | None) -> tuple[int, str]:
    """Run ASK at a terminal, or without one, and return its exit code and what was said."""
    ours, theirs = pty.openpty()
    terminal = subprocess.DEVNULL if answer is None else theirs
    child = subprocess.Popen(
        [sys.executable, "-c", ASK],
        env={**os.environ, "SKYCLUST_HOME": str(home), "SKYCLUST_ALLOWED_NETWORKS": ""},
        stdin=terminal,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, f"{answer or ''}\n".encode())
    said = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the child has closed the terminal
            break
        if not read:
            break
        said += read
    os.close(ours)
    return child.wait(timeout=60), said.decode()


def test_a_yes_at_the_terminal_is_remembered(skyclust_home: Path) -> None:
    code, said = _asked(skyclust_home, "y")
    assert (code, "called" in said) == (0, True), said
    assert "10.1.2.3 is a private address" in said
    assert (skyclust_home / "allowed-networks").read_text() == "10.1.2.3:8006\n"
    code, said = _asked(skyclust_home, None)
    assert (code, "Allow" in said) == (0, False), said


@pytest.mark.parametrize("answer", ["n", "", None])
def test_without_a_yes_nothing_is_allowed(skyclust_home: Path, answer: str | None) -> None:
    code, said = _asked(skyclust_home, answer)
    assert code != 0
    assert "called" not in said.splitlines()
    assert "skyclust network allow 10.1.2.3:8006" in " ".join(said.split())
    assert not (skyclust_home / "allowed-networks").exists()
