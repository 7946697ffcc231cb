"""`python -m supply_chain.audit` asks a service with pip-audit, and says what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.house.tree import ROOT

pytestmark = pytest.mark.integration

FLAWED = "jinja2"


class Osv(ThreadingHTTPServer):
    """Answers as https://google.github.io/osv.dev/post-v1-query/ says; `flawed` has one flaw."""

    daemon_threads = True

    def __init__(self, flawed: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Query)
        self.flawed = flawed
        self.asked: list[str] = []


class Query(BaseHTTPRequestHandler):
    server: Osv

    def do_POST(self) -> None:
        name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        self.server.asked.append(name)
        answer = {"vulns": [flaw(name)]} if name == self.server.flawed else {}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def flaw(name: str) -> dict[str, object]:
    fixed = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]
    return {
        "id": "PYSEC-2026-1",
        "aliases": ["CVE-2026-1"],
        "affected": [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": fixed}],
    }


@pytest.fixture
def osv() -> Iterator[Osv]:
    server = Osv()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


def audit(tmp_path: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "supply_chain.audit"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
            "PIP_AUDIT_OSV_URL": url,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_every_package_is_asked_for(osv: Osv, tmp_path: Path) -> None:
    outcome = audit(tmp_path, f"http://127.0.0.1:{osv.server_port}")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert osv.asked.count("networkx") == 2
    assert {"boto3", "pywin32", "hatchling", "pip"} <= set(osv.asked)
    assert f"{len(osv.asked)} packages checked" in outcome.stdout


def test_a_known_flaw_fails(osv: Osv, tmp_path: Path) -> None:
    osv.flawed = FLAWED
    outcome = audit(tmp_path, f"http://127.0.0.1:{osv.server_port}")
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "known flaws (1)" in outcome.stdout
    assert "PYSEC-2026-1 = CVE-2026-1; mended in 999" in outcome.stdout


def test_a_service_out_of_reach_fails_and_says_so(osv: Osv, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{osv.server_port}"
    osv.shutdown()
    osv.server_close()
    outcome = audit(tmp_path, url)
    assert outcome.returncode == 3, outcome.stdout + outcome.stderr
    assert "NOTHING was checked: the vulnerability service cannot be reached" in outcome.stdout
