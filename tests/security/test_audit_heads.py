"""`audit verify` prints the head, and finds that one which was noted is in the trail no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from skyclust.model.audit import genesis_hash
from skyclust.store import audit
from skyclust.store.engine import Store, open_store
from skyclust.store.tables import audit_entries, audit_heads
from tests.flows.commands import Commands


@pytest.fixture
def commands(
    skyclust_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Commands:
    """Commands on an empty home; the variables that they set are the test's alone."""
    for name in ("NO_PROXY", "no_proxy", "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"):
        monkeypatch.setenv(name, "30" if name.startswith("PREFECT") else "127.0.0.1")
    return Commands(capsys)


def _append(store: Store, actor: str) -> None:
    with store.writing() as connection:
        audit.append(connection, "default", actor=actor, action="a", object="b", detail={})


def test_a_head_that_was_noted_is_expected_later(commands: Commands) -> None:
    store = open_store()
    _append(store, "ada")
    noted = commands.run("audit", "verify").strip()
    _append(store, "ada")

    told = commands.json("audit", "verify", "--expect", noted)
    assert told["head"] == f"{told['sequence']}:{told['hash']}" != noted
    assert (told["sequence"], told["problems"]) == (2, [])

    with store.writing() as connection:
        connection.execute(delete(audit_entries))
        connection.execute(update(audit_heads).values(entries=0, hash=genesis_hash("default")))
    _append(store, "mallory")
    commands.run("audit", "verify")  # sound in itself
    found = json.loads(commands.run("audit", "verify", "--expect", noted, "--json", code=1))
    store.dispose()

    assert [one["sequence"] for one in found["problems"]] == [1]
    assert "has another hash" in found["problems"][0]["problem"]
    assert "was tampered with" in commands.said


def test_a_trail_that_is_gone_was_tampered_with(commands: Commands) -> None:
    store = open_store()
    _append(store, "ada")
    noted = commands.run("audit", "verify").strip()
    with store.writing() as connection:
        connection.execute(delete(audit_entries))
        connection.execute(delete(audit_heads))
    store.dispose()
    commands.run("audit", "verify", code=1)
    commands.run("audit", "verify", "--expect", noted, code=1)
    assert "was removed" in commands.said


def test_what_is_no_head_is_refused(commands: Commands) -> None:
    commands.run("audit", "verify", "--expect", "the last one", code=2)

    assert "NUMBER:HASH" in commands.said
    open_store().dispose()
