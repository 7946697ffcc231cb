"""Canary: no secret of a billing credential is found anywhere after a collection, on any cloud.

Each cloud repeats the secret in its errors, so that whatever keeps an error would keep the secret.
Searched are all files of the installation (the slices unpacked), the reports and exports that
commands write, all that Prefect has, and all output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from skyclust.orchestration.runs import run_here
from skyclust.redaction import MASK
from skyclust.store.engine import Store
from skyclust_sandbox.credentials import CREDENTIALS
from skyclust_sandbox.faults import Fault, FaultKind
from tests.drills.cost_sources import NAMES, Source, open_source
from tests.fixtures.prefect import PrefectServer
from tests.integration.test_canary import _read_everything, _written_forms

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

COMMANDS = (
    ("cost", "export", "bill.csv", "--format", "focus-csv", "--json"),
    ("cost", "export", "bill.parquet", "--json"),
    ("cost", "report", "--output", "report.html"),
    ("cost", "deliveries", "--json"),
    ("cost", "accounts", "--json"),
    ("cost", "reconcile", "--json"),
    ("credential", "list", "--json"),
    ("audit", "list", "--json"),
)


def test_no_secret_is_found_anywhere_after_a_collection(
    request: pytest.FixtureRequest,
    drill_store: Store,
    prefect_server: PrefectServer,
    migrated_home: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    began = datetime.now(UTC).isoformat()
    canary = f"canary-billing/{uuid4().hex}+Kd9"
    secrets = {
        "aws": canary,
        "azure": _field("azure", "client_secret"),
        "gcp": _line_of_key(_field("gcp", "service_account_info")),
        "openstack": _field("openstack", "application_credential_secret"),
    }
    of_aws = {"secret_access_key": canary}
    sources = {
        name: open_source(name, request, drill_store, **(of_aws if "aws" in name else {}))
        for name in NAMES
    }
    wanted = _request(sources)
    whole = run_here("collect-costs", wanted)
    assert whole.state_type == "COMPLETED", whole.message
    for name, source in sources.items():
        if source.restates:
            source.sandbox.publish_next_bill()
        secret = secrets[name.split("-", 1)[0]]
        source.sandbox.inject(Fault(kind=FaultKind.ERROR, code=secret, status=400))
    failed = run_here("collect-costs", wanted)
    assert failed.state_type == "FAILED", failed.message
    reasons = {
        str(row["credential"]): str(row["reason"]) for row in failed.tables["cost-problems-default"]
    }
    for name, source in sources.items():
        assert MASK in reasons[source.credential], f"{name} did not repeat its secret: {reasons}"
    written = migrated_home / "written"
    written.mkdir()
    output = "".join(_run(written, *command) for command in COMMANDS)

    printed = "".join(capfd.readouterr()) + failed.message + output
    kept = _kept_since(prefect_server, began)
    in_prefect = {noun: json.dumps(items) for noun, items in kept.items()}
    for name, source in sources.items():
        assert source.credential in printed, name
        assert source.credential in in_prefect["artifacts"], name
    files = {path: path.read_bytes() for path in migrated_home.rglob("*") if path.is_file()}
    slices = [path for path in files if path.suffix == ".parquet"]
    assert {"bill.csv", "bill.parquet", "report.html"} <= {path.name for path in files}
    assert len(slices) > len(NAMES)
    rows = {path: json.dumps(pq.read_table(path).to_pylist(), default=str) for path in slices}
    for cloud, secret in secrets.items():
        assert _holds(json.dumps(secret).encode(), secret)
        assert not _holds(printed.encode(), secret), cloud
        for noun, text in in_prefect.items():
            assert not _holds(text.encode(), secret), f"{cloud}: {noun}"
        for path, content in files.items():
            assert not _holds(content, secret), f"{cloud}: {path}"
        for path, text in rows.items():
            assert not _holds(text.encode(), secret), f"{cloud}: {path}"
    for path in prefect_server.home.glob("prefect.db*"):
        assert not _holds(path.read_bytes(), canary), path


def _field(cloud: str, name: str) -> str:
    return CREDENTIALS[cloud]("http://127.0.0.1:9")[name]


def _line_of_key(service_account: str) -> str:
    """Return a line of a private key: how its lines are separated depends on who writes it."""
    key: str = json.loads(service_account)["private_key"]
    return key.splitlines()[5]


def _request(sources: dict[str, Source]) -> dict[str, Any]:
    return {
        "credentials": [one.credential for one in sources.values()],
        "price_books": False,
        "start": min(one.start for one in sources.values()).isoformat(),
        "end": max(one.end for one in sources.values()).isoformat(),
    }


def _run(folder: Path, *arguments: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    # 3: something was not collected, which is what happened.
    assert ended.returncode in {0, 3}, f"{arguments}: {ended.stderr}"
    return ended.stdout + ended.stderr


def _kept_since(server: PrefectServer, began: str) -> dict[str, list[Any]]:
    """Return all that Prefect keeps of this test: the server is that of the whole session."""
    return {
        noun: [
            item
            for item in items
            if (item.get("created") or item.get("occurred") or item.get("timestamp") or "~")
            >= began[:19]
        ]
        for noun, items in _read_everything(server).items()
    }


def _holds(content: bytes, secret: str) -> bool:
    return any(form in content for form in _written_forms(secret))
