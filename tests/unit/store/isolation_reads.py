"""What each function that reads returns of one workspace, called for another one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from skyclust.errors import NotFound
from skyclust.model.audit import AuditHead, AuditProblem, genesis_hash
from skyclust.model.event import Event
from skyclust.model.instance_action import InstanceAction
from skyclust.model.sealed_state import SealedState
from skyclust.store import (
    advice_decisions,
    audit,
    blocks,
    credentials,
    operations,
    outbox,
    price_books,
    read_times,
    resource_ages,
    resource_periods,
    resources,
    retention,
    scopes,
    sealed_states,
    user_data,
    workspaces,
)
from skyclust.store.operations import NewOperation
from tests.unit.store import isolation_choices, isolation_costs
from tests.unit.store.inventory import KEY, REGION

Call = Callable[[Connection, str], Any]

ASKED = NewOperation(
    id="mine",
    subject_kind="instance",
    kind=InstanceAction.STOP,
    credential="prod",
    provider="aws",
    region=REGION,
    token="token",
)

WITH_USER_DATA = ASKED.model_copy(
    update={
        "id": "machine",
        "kind": InstanceAction.CREATE,
        "subject_name": "web",
        "request": {"spec": {"user_data": "sealed:v2:0123456789ab:AAAA"}},
    }
)

STATE = SealedState(
    values={"key": "0" * 64}, destination={}, since=datetime(2026, 1, 2, tzinfo=UTC)
)

LONG_AGO = datetime(2000, 1, 2, tzinfo=UTC)

EVENT = Event(
    id="5f0c2f0e-54c5-5f6e-8a55-2d1f2b7c3a10",
    name="skyclust.test",
    occurred_at=datetime(2026, 1, 2, tzinfo=UTC),
    resource={"prefect.resource.id": "skyclust.test"},
)


# What each function does for the other workspace with the ids of the first one:
# a value to be returned, or the error to be raised.
READS: dict[str, tuple[Call, object]] = {
    "advice_decisions.list_all": (advice_decisions.list_all, []),
    "audit.head": (audit.head, AuditHead(sequence=0, hash=genesis_hash("other"))),
    "audit.missing": (
        lambda c, w: audit.missing(c, w, AuditHead(sequence=1, hash="0" * 64)),
        AuditProblem(
            workspace_id="other",
            sequence=1,
            problem="the line that was noted as the head is missing",
        ),
    ),
    "audit.count_all": (audit.count_all, 0),
    "audit.list_all": (audit.list_all, []),
    "audit.verify": (audit.verify, []),
    "blocks.unwanted": (blocks.unwanted, []),
    **isolation_choices.READS,
    **isolation_costs.READS,
    "credentials.find": (lambda c, w: credentials.find(c, w, "only-mine"), None),
    "credentials.get": (lambda c, w: credentials.get(c, w, "only-mine"), NotFound),
    "credentials.hold": (lambda c, w: credentials.hold(c, w, "only-mine"), NotFound),
    "credentials.list_all": (
        lambda c, w: [one.name for one in credentials.list_all(c, w)],
        ["prod"],
    ),
    "credentials.list_unread": (credentials.list_unread, ["prod"]),
    "operations.entries": (lambda c, w: operations.entries(c, w, "mine"), NotFound),
    "operations.hold": (lambda c, w: operations.hold(c, w, "mine"), NotFound),
    "operations.get": (lambda c, w: operations.get(c, w, "mine"), NotFound),
    "operations.is_journalled": (lambda c, w: operations.is_journalled(c, w, "mine"), False),
    "operations.list_all": (operations.list_all, []),
    "operations.open_for": (
        lambda c, w: operations.open_for(c, w, kind=InstanceAction.CREATE.value, names=["web"]),
        [],
    ),
    "operations.open_operations": (operations.open_operations, []),
    "outbox.hold": (lambda c, w: outbox.hold(c, w, "holder"), False),
    "outbox.waiting": (outbox.waiting, []),
    "price_books.find": (lambda c, w: price_books.find(c, w, "datacentre"), None),
    "price_books.get": (lambda c, w: price_books.get(c, w, "datacentre"), NotFound),
    "price_books.history": (lambda c, w: price_books.history(c, w, "datacentre"), []),
    "price_books.list_all": (price_books.list_all, []),
    "read_times.list_read_times": (read_times.list_read_times, []),
    "resource_ages.gone_since": (lambda c, w: resource_ages.gone_since(c, w, LONG_AGO), []),
    "resource_ages.resized_at": (lambda c, w: resource_ages.resized_at(c, w, LONG_AGO), {}),
    "resource_ages.unchanged_since": (resource_ages.unchanged_since, {}),
    "resource_periods.list_periods": (
        lambda c, w: resource_periods.list_periods(
            c, w, KEY, start=LONG_AGO, end=datetime.now(UTC)
        ),
        [],
    ),
    "resources.changes": (resources.changes, []),
    "resources.numbered_changes": (resources.numbered_changes, []),
    "resources.count_changes": (lambda c, w: sum(resources.count_changes(c, w).values()), 0),
    "resources.count_instances": (resources.count_instances, {}),
    "resources.find": (resources.find, []),
    "resources.find as_of": (lambda c, w: resources.find(c, w, as_of=datetime.now(UTC)), []),
    "retention.count_ended_before": (
        lambda c, w: retention.count_ended_before(c, w, datetime.now(UTC)),
        0,
    ),
    "retention.begins_at": (retention.begins_at, None),
    "retention.kept_from": (retention.kept_from, None),
    "retention.refusal": (lambda c, w: retention.refusal(c, w, LONG_AGO - timedelta(1)), None),
    "scopes.find": (lambda c, w: scopes.find(c, w, KEY), None),
    "scopes.list_all": (scopes.list_all, []),
    "scopes.regions": (scopes.regions, []),
    "sealed_states.find": (lambda c, w: sealed_states.find(c, w, "only-mine"), NotFound),
    "user_data.holders": (user_data.holders, []),
    "workspaces.get": (lambda c, w: workspaces.get(c, w).id, "other"),
    "workspaces.hold": (lambda c, w: workspaces.hold(c, w).id, "other"),
}
