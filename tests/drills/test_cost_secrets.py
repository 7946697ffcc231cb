"""Canary: the secret of a credential with fields of billing is found nowhere after a collection.

The cloud repeats the secret in its errors, so that whatever keeps an error would keep the secret.
Searched are all files of the installation (the slices unpacked), all that Prefect has, and output.
"""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust.store.engine import Store
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.sandbox import Sandbox
from tests.integration.test_canary import _read_everything, _written_forms

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]


def test_a_secret_is_found_nowhere_after_a_collection(
    drill_store: Store,
    prefect_server: PrefectServer,
    migrated_home: Path,
    aws_sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secret = f"canary-billing/{uuid4().hex}+Kd9"
    common = {
        "access_key_id": aws_sandbox.access_key,
        "secret_access_key": secret,
        "endpoint": aws_sandbox.endpoint,
    }
    export, explorer = f"export-{uuid4().hex[:8]}", f"explorer-{uuid4().hex[:8]}"
    save_credential(drill_store, "default", export, "aws", common | {"cost_export": EXPORT_ADDRESS})
    save_credential(drill_store, "default", explorer, "aws", common)
    aws_sandbox.bill_sample(2)
    wanted = {"credentials": [export, explorer], "price_books": False}
    assert run_here("collect-costs", wanted).state_type == "COMPLETED"
    aws_sandbox.publish_next_bill()
    aws_sandbox.inject(Fault(kind=FaultKind.ERROR, code=secret, status=400))
    failed = run_here("collect-costs", wanted)
    assert failed.state_type == "FAILED"
    assert failed.message

    printed = "".join(capfd.readouterr()) + failed.message
    assert export in printed
    assert not _holds(printed.encode(), secret)
    kept = _read_everything(prefect_server)
    assert export in json.dumps(kept["logs"] + kept["artifacts"] + kept["flow_runs"])
    for noun, items in kept.items():
        for item in items:
            assert not _holds(json.dumps(item).encode(), secret), f"{noun}: {item}"
    files = [path for path in migrated_home.rglob("*") if path.is_file()]
    slices = [path for path in files if path.suffix == ".parquet"]
    assert slices
    for path in files:
        assert not _holds(path.read_bytes(), secret), path
    for path in slices:
        rows = json.dumps(pq.read_table(path).to_pylist(), default=str)
        assert aws_sandbox.account in rows
        assert not _holds(rows.encode(), secret), path


def _holds(content: bytes, secret: str) -> bool:
    return any(form in content for form in _written_forms(secret))
