"""The audit trail: `verify` finds every change made to it by other means."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.audit import AuditHead, AuditProblem, genesis_hash
from skyclust.model.instance_action import InstanceAction
from skyclust.store import audit, workspaces
from skyclust.store.engine import Store
from skyclust.store.tables import audit_entries, audit_heads


def append(store: Store, number: int = 1, workspace_id: str = "default", **detail: Any) -> None:
    for index in range(number):
        with store.writing() as connection:
            audit.append(
                connection,
                workspace_id,
                actor="ada",
                action="credential.saved",
                object=f"credential/{index}",
                detail=detail or {"index": index, "share": 0.5, "note": "schön"},
            )


def tamper(store: Store, statement: Any) -> None:
    with store.writing() as connection:
        assert connection.execute(statement).rowcount > 0


def problems(store: Store, workspace_id: str = "default") -> list[AuditProblem]:
    with store.reading() as connection:
        return audit.verify(connection, workspace_id)


@pytest.mark.parametrize("number", [0, 1, 5])
def test_an_unchanged_trail_has_no_problems(store: Store, number: int) -> None:
    append(store, number)
    assert problems(store) == []


def test_a_line_is_read_as_it_was_written(store: Store) -> None:
    before = datetime.now(UTC)
    append(store, note="schön", nested={"b": [1, None, True], "a": 2.5}, kind=InstanceAction.STOP)
    with store.reading() as connection:
        (entry,) = audit.list_all(connection, "default")
    assert (entry.sequence, entry.actor, entry.action, entry.object) == (
        1,
        "ada",
        "credential.saved",
        "credential/0",
    )
    assert entry.detail == {
        "note": "schön",
        "nested": {"b": [1, None, True], "a": 2.5},
        "kind": "stop",
    }
    assert before <= entry.at <= datetime.now(UTC)
    assert entry.previous_hash == genesis_hash("default")


def test_the_hash_can_be_made_without_us(store: Store) -> None:
    append(store)
    with store.reading() as connection:
        (entry,) = audit.list_all(connection, "default")
    covered = entry.model_dump(exclude={"hash"}) | {
        "at": entry.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "detail": json.dumps(entry.detail, sort_keys=True, separators=(",", ":")),
    }
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "eve"),
        ("action", "credential.removed"),
        ("object", "credential/9"),
        ("detail", '{"index":7}'),
        ("at", datetime(2020, 1, 1, tzinfo=UTC)),
        ("previous_hash", "0" * 64),
        ("hash", "0" * 64),
    ],
)
@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_changed_line_is_found(
    sqlite_store: Store, column: str, value: object, sequence: int
) -> None:
    append(sqlite_store, 3)
    tamper(
        sqlite_store,
        update(audit_entries).where(audit_entries.c.sequence == sequence).values({column: value}),
    )
    assert sequence in {one.sequence for one in problems(sqlite_store)}


def test_a_changed_line_is_found_on_each_engine(store: Store) -> None:
    append(store, 3)
    tamper(store, update(audit_entries).where(audit_entries.c.sequence == 2).values(actor="eve"))
    assert [(one.sequence, one.problem) for one in problems(store)] == [
        (2, "it was changed after it was written")
    ]


@pytest.mark.parametrize("sequence", [1, 2, 3])
def test_a_removed_line_is_found(store: Store, sequence: int) -> None:
    append(store, 3)
    tamper(store, delete(audit_entries).where(audit_entries.c.sequence == sequence))
    assert problems(store) != []


def test_a_removed_line_is_found_when_the_rest_is_numbered_anew(store: Store) -> None:
    append(store, 3)
    tamper(store, delete(audit_entries).where(audit_entries.c.sequence == 2))
    tamper(store, update(audit_entries).where(audit_entries.c.sequence == 3).values(sequence=2))
    tamper(store, update(audit_heads).values(entries=2))
    assert problems(store) != []


def test_a_trail_cut_short_with_its_count_is_found(store: Store) -> None:
    append(store, 3)
    tamper(store, delete(audit_entries).where(audit_entries.c.sequence == 3))
    tamper(store, update(audit_heads).values(entries=2))
    assert [one.sequence for one in problems(store)] == [None]


def test_a_trail_that_was_emptied_is_found(store: Store) -> None:
    append(store, 3)
    tamper(store, delete(audit_entries))
    assert problems(store) != []
    tamper(store, delete(audit_heads))
    with pytest.raises(NotFound, match="no audit trail"):
        problems(store)


def test_swapped_lines_are_found(store: Store) -> None:
    append(store, 3)
    for before, after in ((2, 99), (3, 2), (99, 3)):
        tamper(
            store,
            update(audit_entries).where(audit_entries.c.sequence == before).values(sequence=after),
        )
    assert {2, 3} <= {one.sequence for one in problems(store)}


def test_a_line_inserted_at_the_end_is_found(store: Store) -> None:
    append(store, 2)
    with store.writing() as connection:
        row = connection.execute(
            select(audit_entries).where(audit_entries.c.sequence == 2)
        ).mappings()
        forged = dict(row.one()) | {"sequence": 3}
        connection.execute(insert(audit_entries).values(forged))
    assert problems(store) != []


def test_the_trail_of_another_workspace_does_not_fit(store: Store) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "other")
    append(store, 2)
    tamper(store, update(audit_entries).values(workspace_id="other"))
    with store.writing() as connection:
        head = connection.execute(
            select(audit_heads.c.hash).where(audit_heads.c.workspace_id == "default")
        ).scalar_one()
        connection.execute(
            update(audit_heads)
            .where(audit_heads.c.workspace_id == "other")
            .values(entries=2, hash=head)
        )
    assert {one.sequence for one in problems(store, "other")} == {1, 2}


def test_a_limit_returns_the_newest_lines(store: Store) -> None:
    append(store, 5)
    with store.reading() as connection:
        assert [one.sequence for one in audit.list_all(connection, "default", limit=2)] == [4, 5]


def test_a_line_that_is_rolled_back_leaves_the_chain_whole(store: Store) -> None:
    append(store)

    def fail() -> None:
        with store.writing() as connection:
            audit.append(connection, "default", actor="a", action="b", object="c", detail={})
            raise InvalidRequest("Something after it fails.")

    with pytest.raises(InvalidRequest):
        fail()
    append(store)
    assert problems(store) == []


@pytest.mark.parametrize(
    "detail",
    [{"at": datetime.now(UTC)}, {"n": float("nan")}, {"s": {1, 2}}, {"b": b"x"}, {1: "x"}],
    ids=["time", "NaN", "set", "bytes", "number as name"],
)
def test_a_detail_that_is_not_json_is_refused(store: Store, detail: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match="must be JSON"), store.writing() as connection:
        audit.append(connection, "default", actor="a", action="b", object="c", detail=detail)


def test_an_unknown_workspace_is_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        append(store, workspace_id="nowhere")


def test_a_trail_forged_as_a_whole_lacks_the_head_that_was_noted(
    store: Store,
) -> None:
    append(store, 3)
    with store.reading() as connection:
        noted = audit.head(connection, "default")
    assert str(noted) == f"3:{noted.hash}"
    assert AuditHead.parse(f" {str(noted).upper()}\n") == noted

    append(store, 2)
    with store.reading() as connection:
        assert audit.missing(connection, "default", noted) is None
        assert audit.missing(connection, "default", audit.head(connection, "default")) is None

    tamper(store, delete(audit_entries))
    tamper(store, update(audit_heads).values(entries=0, hash=genesis_hash("default")))
    for forged, problem in ((1, "is missing"), (4, "has another hash")):
        append(store, forged, forged=True)
        assert problems(store) == []
        with store.reading() as connection:
            found = audit.missing(connection, "default", noted)
        assert found is not None
        assert problem in found.problem


def test_the_head_of_an_empty_trail_is_in_every_trail_of_the_workspace(store: Store) -> None:
    with store.reading() as connection:
        noted = audit.head(connection, "default")
    append(store, 2)

    with store.reading() as connection:
        assert noted.sequence == 0
        assert audit.missing(connection, "default", noted) is None
        other = AuditHead(sequence=0, hash=genesis_hash("other"))
        assert audit.missing(connection, "default", other) is not None


@pytest.mark.parametrize("text", ["", "3", "3:", ":" + "0" * 64, "3:" + "0" * 63, "-1:" + "0" * 64])
def test_a_text_that_is_not_a_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a head"):
        AuditHead.parse(text)
