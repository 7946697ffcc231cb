"""Operations of the journal for tests that need some, whatever they are."""

from __future__ import annotations

from uuid import uuid4

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation
from skyclust.store import credentials, operations
from skyclust.store.engine import Store
from skyclust.store.operations import NewOperation

CREDENTIAL = "prod"


def journal_one(
    store: Store, *, run_id: str | None, workspace_id: str = "default", name: str = "web"
) -> Operation:
    """Journal one operation of a run, with a credential that is there for it, and return it."""
    planned = NewOperation(
        id=uuid4().hex,
        subject_kind="instance",
        kind=InstanceAction.CREATE,
        credential=CREDENTIAL,
        provider="aws",
        region="eu-central-1",
        token=uuid4().hex,
        subject_name=name,
    )
    with store.writing() as connection:
        if not credentials.list_all(connection, workspace_id):
            credentials.add(
                connection, workspace_id, name=CREDENTIAL, provider="aws", block_name=CREDENTIAL
            )
        return operations.journal(connection, workspace_id, [planned], run_id=run_id)[0]
