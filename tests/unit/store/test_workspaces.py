"""The records of workspaces and credentials."""

from __future__ import annotations

import pytest

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.store import credentials, operations, workspaces
from skyclust.store.engine import Store
from skyclust.store.operations import NewOperation


def test_a_new_store_has_the_default_workspace(store: Store) -> None:
    with store.reading() as connection:
        assert [one.id for one in workspaces.list_all(connection)] == ["default"]


def test_a_workspace_is_kept_with_its_title(store: Store) -> None:
    with store.writing() as connection:
        added = workspaces.add(connection, "acme-eu", "Acme Europe")
    with store.reading() as connection:
        assert workspaces.get(connection, "acme-eu") == added
        assert [one.id for one in workspaces.list_all(connection)] == ["acme-eu", "default"]


@pytest.mark.parametrize("bad", ["", "Acme", "a--b", "-a", "a_b", "x" * 41, "a/b"])
def test_an_id_that_is_no_slug_is_refused(store: Store, bad: str) -> None:
    with pytest.raises(InvalidRequest, match="lowercase"), store.writing() as connection:
        workspaces.add(connection, bad)


def test_a_taken_id_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="already"), store.writing() as connection:
        workspaces.add(connection, "default")


def test_an_unknown_workspace_is_not_found(store: Store) -> None:
    with store.reading() as connection, pytest.raises(NotFound, match="nowhere"):
        workspaces.get(connection, "nowhere")


def test_a_credential_is_kept_and_verified(store: Store) -> None:
    with store.writing() as connection:
        added = credentials.add(
            connection, "default", name="prod", provider="aws", block_name="default--prod"
        )
    with store.writing() as connection:
        assert credentials.get(connection, "default", "prod") == added
        assert added.verified_at is None
        verified = credentials.set_verified(connection, "default", "prod", "1234", "arn:me")
    with store.reading() as connection:
        assert credentials.list_all(connection, "default") == [verified]
    assert (verified.account, verified.principal) == ("1234", "arn:me")
    assert verified.verified_at is not None
    assert verified.verified_at.utcoffset() is not None


def test_a_taken_credential_name_is_refused(store: Store) -> None:
    with store.writing() as connection:
        credentials.add(connection, "default", name="prod", provider="aws", block_name="b")
        with pytest.raises(InvalidRequest, match="already"):
            credentials.add(connection, "default", name="prod", provider="gcp", block_name="b")


def test_a_credential_needs_a_workspace_that_exists(store: Store) -> None:
    with pytest.raises(NotFound, match="nowhere"), store.writing() as connection:
        credentials.add(connection, "nowhere", name="prod", provider="aws", block_name="b")


def test_what_is_done_to_an_unknown_credential_is_not_found(store: Store) -> None:
    with store.writing() as connection:
        with pytest.raises(NotFound, match="prod"):
            credentials.get(connection, "default", "prod")
        with pytest.raises(NotFound, match="prod"):
            credentials.set_verified(connection, "default", "prod", "1", "me")
        with pytest.raises(NotFound, match="prod"):
            credentials.remove(connection, "default", "prod")


def test_a_credential_with_open_operations_stays(store: Store) -> None:
    asked = NewOperation(
        id="1",
        subject_kind="instance",
        kind=InstanceAction.STOP,
        credential="prod",
        provider="aws",
        region="eu-central-1",
        token="t",
    )
    with store.writing() as connection:
        credentials.add(connection, "default", name="prod", provider="aws", block_name="b")
        operations.journal(connection, "default", [asked], run_id=None)
    with pytest.raises(InvalidRequest, match="not ended"), store.writing() as connection:
        credentials.remove(connection, "default", "prod")
    with store.writing() as connection:
        operations.advance(
            connection, "default", "1", 1, step="done", state=OperationState.SUCCEEDED
        )
    with store.writing() as connection:
        credentials.remove(connection, "default", "prod")
        assert credentials.list_all(connection, "default") == []
        assert operations.get(connection, "default", "1").credential == "prod"
