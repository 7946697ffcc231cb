"""Nothing of one workspace can be seen or changed from another, by any function."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from types import ModuleType

import pytest
from sqlalchemy import Connection

from skyclust.errors import NotFound, Throttled
from skyclust.model.advice_decision import AdviceVerdict
from skyclust.model.operation import OperationState
from skyclust.model.resource import ResourceKind
from skyclust.store import (
    advice_decisions,
    audit,
    blocks,
    budgets,
    cached_prices,
    cost_accounts,
    cost_deliveries,
    cost_heads,
    cost_rollups,
    cost_settings,
    cost_slices,
    cost_totals,
    credentials,
    currency_rates,
    heartbeats,
    instance_metrics,
    interventions,
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
from skyclust.store.all_tables import metadata
from skyclust.store.engine import Store
from tests.unit.store import isolation_choices, isolation_costs
from tests.unit.store.inventory import KEY, REGION, everything, machine, prepare, sync
from tests.unit.store.isolation_reads import (
    ASKED,
    EVENT,
    LONG_AGO,
    READS,
    STATE,
    WITH_USER_DATA,
    Call,
)

NOUNS: tuple[ModuleType, ...] = (
    advice_decisions,
    audit,
    blocks,
    budgets,
    cached_prices,
    cost_accounts,
    cost_deliveries,
    cost_heads,
    cost_rollups,
    cost_settings,
    cost_slices,
    cost_totals,
    credentials,
    currency_rates,
    instance_metrics,
    interventions,
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


def _remove_emptied(connection: Connection, workspace_id: str) -> None:
    workspaces.hold(connection, workspace_id, alone=True)
    credentials.remove(connection, workspace_id, "prod")
    workspaces.remove(connection, workspace_id)


WRITES: dict[str, Call] = {
    "advice_decisions.record": lambda c, w: advice_decisions.record(
        c, w, "mine", AdviceVerdict.DISMISSED, reason="theirs", decided_by="them"
    ),
    "advice_decisions.withdraw": lambda c, w: advice_decisions.withdraw(c, w, "mine", by="them"),
    "audit.append": lambda c, w: audit.append(c, w, actor="a", action="b", object="c", detail={}),
    "blocks.forget": lambda c, w: blocks.forget(c, w, "document"),
    "blocks.give_up": lambda c, w: blocks.give_up(
        c, w, document_id="document", block_name="theirs"
    ),
    "credentials.add": lambda c, w: credentials.add(
        c, w, name="only-mine", provider="aws", block_name="b"
    ),
    "credentials.hold_all": lambda c, w: credentials.hold_all(
        c, w, shared=["prod"], alone=["only-mine"]
    ),
    "credentials.remove": lambda c, w: credentials.remove(c, w, "prod"),
    "credentials.set_block": lambda c, w: credentials.set_block(c, w, "prod", "theirs"),
    "credentials.set_verified": lambda c, w: credentials.set_verified(c, w, "prod", "1", "me"),
    "interventions.abandon": lambda c, w: interventions.abandon(
        c, w, "mine", 1, by="them", reason="stolen"
    ),
    "interventions.request_cancel": lambda c, w: interventions.request_cancel(
        c, w, "mine", by="them", keep=False
    ),
    "interventions.resume": lambda c, w: interventions.resume(
        c, w, "mine", 1, state=OperationState.RUNNING, by="them"
    ),
    "operations.advance": lambda c, w: operations.advance(c, w, "mine", 1, step="stolen"),
    "operations.begin_attempt": lambda c, w: operations.begin_attempt(c, w, "mine", 1),
    "operations.journal": lambda c, w: operations.journal(c, w, [ASKED], run_id="theirs"),
    "operations.take_over": lambda c, w: operations.take_over(c, w, "mine", 1, run_id="theirs"),
    "outbox.add": lambda c, w: outbox.add(c, w, [EVENT]),
    "outbox.let_go": lambda c, w: outbox.let_go(c, w, "holder"),
    "outbox.refuse": lambda c, w: outbox.refuse(c, w, 1, "theirs"),
    "outbox.remove": lambda c, w: outbox.remove(c, w, [1]),
    "operations.write_line": lambda c, w: operations.write_line(
        c, w, "mine", None, {"error": "stolen"}, detail=""
    ),
    "price_books.remove": lambda c, w: price_books.remove(c, w, "datacentre", removed_by="them"),
    "price_books.save": lambda c, w: price_books.save(
        c, w, "datacentre", "name: stolen", saved_by="them"
    ),
    "resources.add_to_scope": lambda c, w: resources.add_to_scope(
        c, w, KEY, "aws", [machine("b")], read_started_at=datetime.now(UTC), run_id="theirs"
    ),
    "resources.forget": lambda c, w: resources.forget(
        c, w, "prod", REGION, ResourceKind.INSTANCE, "i-a", run_id="theirs"
    ),
    "resources.record": lambda c, w: resources.record(
        c, w, "prod", machine("a", state="stopped"), run_id="theirs"
    ),
    "resources.replace_scope": lambda c, w: resources.replace_scope(
        c, w, KEY, "aws", [machine("b")], read_started_at=datetime.now(UTC), run_id="theirs"
    ),
    "retention.delete_ended_before": lambda c, w: retention.delete_ended_before(
        c, w, retention.keep_from(c, w, datetime.now(UTC)), limit=100
    ),
    "retention.keep_from": lambda c, w: retention.keep_from(c, w, datetime.now(UTC)),
    "scopes.mark_failed": lambda c, w: scopes.mark_failed(
        c,
        w,
        KEY,
        "aws",
        Throttled("Slow down."),
        read_started_at=datetime.now(UTC),
        run_id="theirs",
    ),
    "scopes.mark_read": lambda c, w: scopes.mark_read(
        c, w, KEY, "aws", read_started_at=datetime.now(UTC), run_id="theirs"
    ),
    "scopes.write": lambda c, w: scopes.write(
        c, w, KEY, {"provider": "aws", "state": "failed", "error": "theirs"}
    ),
    "sealed_states.confirm": lambda c, w: sealed_states.confirm(c, w, "only-mine", STATE),
    "sealed_states.expect": lambda c, w: sealed_states.expect(c, w, "only-mine", STATE),
    "sealed_states.settle": lambda c, w: sealed_states.settle(c, w, "only-mine", STATE),
    "user_data.rewrite": lambda c, w: user_data.rewrite(c, w, "machine", lambda text: "stolen"),
    "workspaces.add": lambda c, w: workspaces.add(c, "third"),
    "workspaces.remove": _remove_emptied,
    **isolation_costs.WRITES,
    **isolation_choices.WRITES,
}

BEYOND_WORKSPACES = {
    "cost_accounts.plain_sub_account",
    "read_times.after_read",
    "outbox.waiting_workspaces",
    "sealed_states.settled_states",
    "workspaces.list_all",
}
"""They serve whoever runs the installation, or read no row at all."""


WITHOUT_FUNCTIONS = {
    "cost_accounts",
    "cost_days",
    "cost_deliveries",
    "cost_heads",
    "cost_months",
    "cost_slices",
    "cost_totals",
}
"""Tables of which no row is written yet: the functions of their nouns fill them here."""


@pytest.fixture
def store(store: Store) -> Store:
    """Give the workspace `default` a row in every table, and `other` a credential alone."""
    prepare(store, "other")
    sync(store, [machine("a"), machine("gone")])
    resized = {"type": "t3.large", "private_addresses": ["10.0.0.1"], "cores": 2}
    sync(store, [machine("a", state="stopped", attributes=resized)])
    with store.writing() as connection:
        retention.keep_from(connection, "default", LONG_AGO)
    with store.writing() as connection:
        credentials.add(connection, "default", name="only-mine", provider="aws", block_name="b")
        operations.journal(connection, "default", [ASKED, WITH_USER_DATA], run_id="mine")
        isolation_costs.fill(connection, "default")
        isolation_costs.fill_choices(connection, "default", filled=isolation_choices.FILLED)
        blocks.give_up(connection, "default", document_id="document", block_name="b")
        outbox.add(connection, "default", [EVENT])
        audit.append(connection, "default", actor="a", action="b", object="c", detail={})
    with store.writing() as connection:
        isolation_choices.fill(connection, "default")
    with store.writing() as connection:
        price_books.save(connection, "default", "datacentre", "name: datacentre", saved_by="me")
    with store.writing() as connection:
        advice_decisions.record(
            connection,
            "default",
            "mine",
            AdviceVerdict.DISMISSED,
            reason="wanted",
            decided_by="me",
        )
    with store.writing() as connection:
        heartbeats.beat(connection, "mine")
        rows = everything(connection, "default")
    assert {table for table, found in rows.items() if not found} <= WITHOUT_FUNCTIONS
    return store


def test_every_function_of_every_noun_is_tried() -> None:
    public = {
        f"{module.__name__.rsplit('.', 1)[-1]}.{name}"
        for module in NOUNS
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and (function.__module__ == module.__name__ or name in getattr(module, "__all__", ()))
    }
    tried = {name.split(" ")[0] for name in READS} | set(WRITES)
    assert public - BEYOND_WORKSPACES == tried


def test_every_table_carries_the_workspace_in_its_key_or_refuses_null() -> None:
    for table in metadata.sorted_tables:
        assert not table.c.workspace_id.nullable, table.name


@pytest.mark.parametrize("name", READS)
def test_nothing_is_seen_from_another_workspace(store: Store, name: str) -> None:
    call, expected = READS[name]
    with store.writing() as connection:
        if isinstance(expected, type) and issubclass(expected, Exception):
            with pytest.raises(expected):
                call(connection, "other")
        else:
            assert call(connection, "other") == expected


@pytest.mark.parametrize("name", READS)
def test_the_same_is_seen_from_its_own(store: Store, name: str) -> None:
    call, elsewhere = READS[name]
    with store.writing() as connection:
        found = call(connection, "default")
    assert found != elsewhere or name == "audit.verify"


@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_changed_from_another_workspace(store: Store, name: str) -> None:
    with store.reading() as connection:
        before = everything(connection, "default")
    try:
        with store.writing() as connection:
            WRITES[name](connection, "other")
    except NotFound:
        pass
    with store.reading() as connection:
        assert everything(connection, "default") == before
