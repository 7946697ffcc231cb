"""The demo ends well only when all of it happened, and never leaves anything running."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fixtures.installation import kill, processes_of

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(1800)]

DEMO = [sys.executable, "-m", "skyclust_sandbox.demo"]
SECONDS = 800


def _environment(folder: Path, **changes: str) -> dict[str, str]:
    # As somebody may have it who works with real installations.
    misleading = {
        "PREFECT_API_URL": "http://127.0.0.1:1/api",
        "SKYCLUST_HOME": str(folder / "real-home"),
        "AWS_PROFILE": "nobody",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }
    inherited = {name: value for name, value in os.environ.items() if name not in {"CHECK", "KEEP"}}
    return inherited | misleading | {"TMPDIR": str(folder)} | changes


@contextmanager
def _demo(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(
        [*DEMO, *options],
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.communicate(timeout=120)


@contextmanager
def _taken(port: int) -> Iterator[None]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            pass  # somebody else has it, which is as good
        yield


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if words in line:
            return said
    pytest.fail(f"the demo never said {words!r}:\n{said}")


def test_two_demos_at_once_with_4200_taken_show_all_of_it(tmp_path: Path) -> None:
    one_folder, two_folder = tmp_path / "one", tmp_path / "two"
    with _taken(4200), _demo(one_folder) as one, _demo(two_folder, "--keep") as two:
        said = [process.communicate(timeout=SECONDS)[0] for process in (one, two)]

    for process, output in zip((one, two), said, strict=True):
        assert process.returncode == 0, output
        assert "checked: an instance was created on each cloud, and deleted" in output
        assert "checked: no resource of an instance is left behind" in output
        assert "checked: the runs left their artifacts" in output
        assert "The Prefect UI: http://127.0.0.1:" in output
        assert "127.0.0.1:4200" not in output
    assert "KEEP=1 make demo" in said[0]
    assert processes_of(one_folder) == {}
    _end_as_it_says(said[1], two_folder)
    assert processes_of(two_folder) == {}
    assert list(two_folder.glob("skyclust-demo-*")) == []
    assert not (tmp_path / "one" / "real-home").exists()
    assert list((tmp_path / "one").glob("skyclust-demo-*")) == []


def _end_as_it_says(output: str, folder: Path) -> None:
    """Look at the UI that a demo kept, and type what the demo says that ends it."""
    running = processes_of(folder)
    try:
        (address,) = set(re.findall(r"^The Prefect UI: (http://\S+)$", output, re.MULTILINE))
        with build_opener(ProxyHandler({})).open(address, timeout=30) as reply:
            assert "<html" in reply.read().decode().lower()
        (variables,) = re.findall(r"^Look around with: (export .+)$", output, re.MULTILINE)
        (commands,) = re.findall(r"^  (skyclust down; .+)$", output, re.MULTILINE)
        typed = ["bash", "-e", "-c", f"{variables}\n{commands}"]
        subprocess.run(typed, check=True, capture_output=True, timeout=120)
    finally:
        for pid in processes_of(folder):
            kill(pid)
    assert running


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "$ skyclust up --detach"),
        (signal.SIGTERM, "Applying block types"),
        (signal.SIGTERM, "$ skyclust inventory sync"),
        (signal.SIGINT, "$ skyclust instance create"),
    ],
)
def test_a_demo_that_is_broken_off_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    with _demo(tmp_path) as demo:
        _read_until(demo, moment)
        time.sleep(1.5)
        demo.send_signal(number)
        output, _ = demo.communicate(timeout=120)

    assert demo.returncode == 130, output
    assert processes_of(tmp_path) == {}


@pytest.mark.parametrize(
    "mark", ["skyclust_sandbox.aws", "skyclust_sandbox.azure", "prefect_server start"]
)
def test_a_demo_whose_claims_do_not_hold_fails_and_leaves_nothing_running(
    tmp_path: Path, mark: str
) -> None:
    with _demo(tmp_path) as demo:
        _read_until(demo, "$ skyclust inventory sync")
        victims = [pid for pid, line in processes_of(tmp_path).items() if mark in line]
        for pid in victims:
            kill(pid)
        output, _ = demo.communicate(timeout=SECONDS)

    assert len(victims) == 1
    assert demo.returncode == 1, output
    assert "demo: " in output
    assert "All checks passed" not in output
    assert processes_of(tmp_path) == {}


def test_on_a_terminal_it_stays_until_ctrl_c(tmp_path: Path) -> None:
    outside, inside = pty.openpty()
    with subprocess.Popen(
        DEMO,
        env=_environment(tmp_path, TERM="xterm"),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    ) as demo:
        os.close(inside)
        try:
            said = _read_terminal_until(outside, b"Ctrl-C ends the demo")
            time.sleep(5)
            stayed = demo.poll() is None
            demo.send_signal(signal.SIGINT)
            rest = _read_terminal_until(outside, b"Stopping")
            demo.wait(timeout=60)
        finally:
            if demo.poll() is None:
                demo.terminate()
            os.close(outside)

    assert stayed, said + rest
    assert demo.returncode == 0
    assert processes_of(tmp_path) == {}


def _read_terminal_until(terminal: int, words: bytes) -> bytes:
    said = b""
    end = time.monotonic() + SECONDS
    while words not in said and time.monotonic() < end:
        try:
            said += os.read(terminal, 65536)
        except OSError:
            break
    assert words in said, said.decode(errors="replace")
    return said
