"""What the status says of a home folder whose processes are gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from skyclust.embedded.health_checks import PARTS as CHECKED
from skyclust.embedded.processes import Process
from skyclust.embedded.recovery_state import RecoveryState, write_recovery_state
from skyclust.embedded.runtime import LOCK_FILE, Runtime, locked, write_runtime
from skyclust.embedded.status import Row, status
from skyclust.errors import ConfigurationError
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.security.keyring import generate_key
from skyclust.store import operations
from skyclust.store.engine import open_store
from skyclust.store.operations import NewOperation
from tests.unit.store.inventory import prepare

NOBODY = "http://127.0.0.1:9/api"
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))
    monkeypatch.delenv("SKYCLUST_ENCRYPTION_KEY", raising=False)
    return tmp_path


def rows_of(home: Path, *, looked_ago: timedelta) -> dict[str, Row]:
    gone = Process(pid=2**22 + 1, started="never", log=home / "recovery.log")
    write_runtime(home, Runtime(api_url=NOBODY, server=gone, worker=gone, recovery=gone))
    seen = RecoveryState(looked_at=datetime.now(UTC) - looked_ago, pid=gone.pid)
    write_recovery_state(home, seen)
    return {row.part: row for row in status(home)}


@pytest.mark.parametrize("looked_ago", [timedelta(0), LONG_AGO], ids=["just now", "long ago"])
def test_a_dead_recovery_claims_nothing_about_operations(home: Path, looked_ago: timedelta) -> None:
    recovery = rows_of(home, looked_ago=looked_ago)["recovery"]

    assert (recovery.state, recovery.healthy) == ("dead", False)
    assert "no operation waits" not in recovery.detail
    assert "skyclust operation list" in recovery.detail


def test_a_dead_server_leaves_every_row_and_says_what_starts_it(home: Path) -> None:
    rows = rows_of(home, looked_ago=LONG_AGO)

    assert (rows["server"].state, rows["worker"].state) == ("dead", "dead")
    assert "skyclust up" in rows["server"].detail
    assert "skyclust up" in rows["worker"].detail
    unknown = {part for part, row in rows.items() if row.state == "unknown"}
    assert unknown == set(CHECKED)
    assert not any(rows[part].healthy for part in CHECKED)
    assert (rows["open operations"].state, rows["open operations"].healthy) == ("none", True)


def test_open_operations_are_counted_and_those_that_wait_are_named(home: Path) -> None:
    operation = NewOperation(
        id="one",
        subject_kind="instance",
        subject_name="web",
        kind=InstanceAction.STOP,
        credential="prod",
        provider="aws",
        region="eu",
        token="token",
    )
    store = prepare(open_store())
    with store.writing() as connection:
        both = [operation, operation.model_copy(update={"id": "two", "token": "other"})]
        operations.journal(connection, "default", both, run_id=None)
    at_work = rows_of(home, looked_ago=LONG_AGO)["open operations"]
    with store.writing() as connection:
        attention = OperationState.NEEDS_ATTENTION
        operations.advance(connection, "default", "one", 1, state=attention, step="requested")
    waits = rows_of(home, looked_ago=LONG_AGO)["open operations"]
    store.dispose()

    assert (at_work.state, at_work.detail) == ("at work", "2 pending.")
    assert waits.state == "need attention"
    assert waits.detail.startswith("1 needs-attention, 1 pending.")
    assert "stop of web (one, workspace default)" in waits.detail
    assert waits.healthy, "a person decides about it: nothing of the installation is broken"


def test_an_encryption_key_that_is_gone_is_no_health(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = rows_of(home, looked_ago=LONG_AGO)["encryption key"]
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    there = rows_of(home, looked_ago=LONG_AGO)["encryption key"]

    assert not missing.healthy
    assert str(home) in missing.detail
    assert missing.detail.count("skyclust key generate") == 1
    assert (there.healthy, there.detail) == (True, "SKYCLUST_ENCRYPTION_KEY")


def test_a_home_that_cannot_be_written_is_a_configuration_error(home: Path) -> None:
    (home / LOCK_FILE).mkdir()  # root may write anything else

    with pytest.raises(ConfigurationError, match="cannot be written"), locked(home):
        pytest.fail("it was locked")
