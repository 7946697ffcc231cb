"""What the health checks say that need no server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployments.health import main
from skyclust.embedded.recovery_state import (
    SILENT_AFTER,
    RecoveryState,
    read_recovery_state,
    write_recovery_state,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))
    return tmp_path


def test_a_loop_that_has_not_looked_is_not_healthy(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recovery"]) == 1
    assert "it has not looked yet" in capsys.readouterr().err


def test_a_loop_that_looked_and_is_kept_from_nothing_is_healthy(home: Path) -> None:
    write_recovery_state(home, RecoveryState.now([]))

    assert main(["recovery"]) == 0


def test_what_keeps_the_loop_from_recovering_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_recovery_state(home, RecoveryState.now(["The store cannot be reached."]))

    assert main(["recovery"]) == 1
    assert "The store cannot be reached." in capsys.readouterr().err


def test_a_loop_that_looks_no_more_is_not_healthy(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long_ago = datetime.now(UTC) - SILENT_AFTER - timedelta(seconds=1)
    write_recovery_state(home, RecoveryState(looked_at=long_ago, pid=1))

    assert main(["recovery"]) == 1
    assert "it looked last at" in capsys.readouterr().err


def test_a_broken_file_of_the_loop_is_as_none(home: Path) -> None:
    (home / "recovery.json").write_text("{")

    assert read_recovery_state(home) is None


def test_an_unknown_check_is_a_wrong_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 2
    assert "server|services|worker|recovery|installation" in capsys.readouterr().err
