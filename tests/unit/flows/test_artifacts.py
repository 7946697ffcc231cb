"""What people look at says the truth, stays bounded, and cannot be broken by a cloud's text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skyclust.errors import AuthenticationFailed
from skyclust.inventory.account_problems import account_problems
from skyclust.model.change import Change
from skyclust.model.credential_key import CredentialKey
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import ChangeKind, Resource, ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.orchestration.artifacts import (
    MOST_ARTIFACT_ROWS,
    artifact_key,
    left_out,
    subject_key,
)
from skyclust.orchestration.long_ids import short_id, with_whole_ids
from skyclust.orchestration.operation_pages import has_page, operation_rows, subject_text
from skyclust.orchestration.sync_summary import change_rows, scope_rows, sync_text

AZURE_ID = (
    "/subscriptions/11111111-2222-4333-8444-555555555555/resourcegroups/rg-catalog-prd-eus"
    "/providers/microsoft.compute/virtualmachines/vm-catalog-01"
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def scope(region: str, state: ScopeState, error: str | None = None) -> Scope:
    return Scope(
        workspace_id="default",
        key=ScopeKey(credential="aws", region=region, kind=ResourceKind.DISK),
        provider="aws",
        state=state,
        resources=7,
        completed_at=NOW if state is not ScopeState.FAILED else None,
        error=error,
    )


def operation(**changes: object) -> Operation:
    facts: dict[str, object] = {
        "id": "o-1",
        "workspace_id": "default",
        "subject_kind": "instance",
        "kind": InstanceAction.CREATE,
        "credential": "aws",
        "provider": "aws",
        "region": "eu-central-1",
        "token": "t",
        "subject_id": "i-1",
        "subject_name": "web-1",
        "state": OperationState.SUCCEEDED,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Operation.model_validate(facts | changes)


def test_trouble_comes_first_with_its_reason() -> None:
    rows = scope_rows(
        [
            scope("a", ScopeState.FRESH),
            scope("b", ScopeState.STALE, "denied"),
            scope("c", ScopeState.FAILED, "expired"),
        ]
    )
    assert [(row["region"], row["reason"]) for row in rows] == [
        ("c", "expired"),
        ("b", "denied"),
        ("a", ""),
    ]
    assert rows[0]["complete as of"] == "never"
    assert rows[1]["complete as of"] == "2026-01-02 03:04:05 UTC"


def test_tables_are_bounded_and_keep_the_trouble() -> None:
    scopes = [scope(f"r-{n}", ScopeState.FRESH) for n in range(MOST_ARTIFACT_ROWS + 5)]
    rows = scope_rows([*scopes, scope("late", ScopeState.FAILED, "denied")])
    assert len(rows) == MOST_ARTIFACT_ROWS
    assert rows[0]["region"] == "late"


@pytest.mark.parametrize(
    ("description", "number"),
    [
        ("Machines; 1403 more are left out", 1403),
        ("Machines; 3 in all; 1 more are left out", 1),
        ("Machines; 3 in all", 0),
        ("3 more are left out", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_description_says_how_many_rows_are_left_out(
    description: str | None, number: int
) -> None:
    assert left_out(description) == number


def test_the_summary_says_how_many_it_does_not_list() -> None:
    counts = dict.fromkeys(("fresh", "stale", "failed", "added", "changed", "gone"), 0)
    scopes = [scope(f"r-{n}", ScopeState.STALE, "denied") for n in range(MOST_ARTIFACT_ROWS + 5)]
    assert "5 more are not fresh and left out here." in sync_text("default", scopes, [], counts)


def test_the_summary_begins_with_the_accounts_that_failed_and_what_to_do() -> None:
    counts = {"fresh": 3, "stale": 1, "failed": 0, "added": 4, "changed": 0, "gone": 2}
    refused = AuthenticationFailed("The key of <b>gcp</b> is refused.", hint="Try `a_b` *again*.")
    problems = account_problems({}, {CredentialKey("default", "gcp", "gcp"): refused})
    text = sync_text("default", [scope("b", ScopeState.STALE, "denied")], problems, counts)
    top = text.splitlines()[:6]
    assert top[2] == "## Accounts that failed"
    assert top[4].startswith(r"- **gcp** (gcp): The key of \<b\>gcp\</b\> is refused. (`Auth")
    assert top[5].startswith(r"  - What to do: Try `a_b` \*again\*. ")
    assert "`skyclust credential add gcp -p gcp --replace --from-file FILE`" in top[5]
    assert "3 scopes are fresh, 1 stale, 0 failed." in text
    assert "4 resources were added, 0 changed, 2 are gone." in text
    assert "| aws | b | disk | stale | denied |" in text


def test_a_machine_page_tells_what_where_and_which_run() -> None:
    machine = Resource(
        provider="aws",
        region="eu-central-1",
        kind=ResourceKind.INSTANCE,
        id="i-1",
        name="web-1",
        state="running",
        native_state="running",
        tags={"team": "shop"},
        attributes={"type": "t3.small", "private_addresses": ["10.0.0.7"], "image": None},
    )
    text = subject_text(operation(), machine, run_name="provision web", run_url="http://ui/runs/1")
    assert "# web-1" in text
    assert "| Id | i-1 |" in text
    assert "| Type | t3.small |" in text
    assert "10.0.0.7" in text
    assert "team=shop" in text
    assert text.splitlines()[2] == (
        "**create: succeeded**, by the flow run [provision web](http://ui/runs/1)"
    )
    assert "Image" not in text


def test_a_name_from_a_cloud_cannot_break_the_page() -> None:
    named = operation(subject_name="a|b\n# [x](http://evil)")
    text = subject_text(named, None, run_name="[y](http://evil)", run_url="http://ui")
    first = text.splitlines()[0]
    assert first == r"# a\|b \# \[x\](http://evil)"
    assert r"[\[y\](http://evil)](http://ui)" in text


def test_an_operation_that_failed_shows_why() -> None:
    row = operation_rows([operation(state=OperationState.FAILED, error="no room")])[0]
    assert (row["state"], row["error"]) == ("failed", "no room")


def test_keys_have_the_letters_that_prefect_takes() -> None:
    assert artifact_key("instance", "aws-prod", "Web.1_x") == "instance-aws-prod-web-1-x"


def test_no_two_subjects_share_a_key() -> None:
    subjects = [
        ("instance", "a", "b-c", "web"),
        ("instance", "a-b", "c", "web"),
        ("instance", "a", "b", "c--web"),
        ("instance", "a", "b", "web.1"),
        ("instance", "a", "b", "web_1"),
        ("instance", "a", "b", "Web-1"),
        ("instance", "a", "b", "web-1"),
    ]
    keys = {subject_key(*subject) for subject in subjects}
    assert len(keys) == len(subjects)
    assert "instance-a--b--web-1" in keys
    assert all(key == artifact_key(key) for key in keys)


def test_what_failed_and_why_comes_before_any_id() -> None:
    [operations] = operation_rows([operation(state=OperationState.FAILED, error="no room")])
    assert list(operations)[:4] == ["name", "action", "state", "error"]
    assert list(operations)[-2:] == ["id", "operation"]
    [scopes] = scope_rows([scope("a", ScopeState.FAILED, "denied")])
    assert list(scopes)[:3] == ["state", "credential", "reason"]


def test_a_long_id_is_short_in_its_column_and_whole_in_the_last() -> None:
    machine = Resource(
        provider="azure",
        region="eastus",
        kind=ResourceKind.INSTANCE,
        id=AZURE_ID,
        name="vm-catalog-01",
    )
    change = Change(
        workspace_id="default",
        credential="azure",
        kind=ChangeKind.ADDED,
        at=NOW,
        run_id=None,
        resource=machine,
    )
    [row] = change_rows([change])
    assert list(row)[:3] == ["change", "name", "changed"]
    assert row["id"] == "\N{HORIZONTAL ELLIPSIS}/virtualmachines/vm-catalog-01"
    assert list(row)[-1] == "full id"
    assert with_whole_ids([row])[0]["id"] == AZURE_ID
    assert "full id" not in with_whole_ids([row])[0]


@pytest.mark.parametrize(
    "identifier", ["i-0123456789abcdef0", AZURE_ID, "x" * 90, "/" + "y" * 90, "a/" * 60]
)
def test_a_short_id_is_short_and_a_short_one_is_left_alone(identifier: str) -> None:
    shown = short_id(identifier)
    assert len(shown) <= 40
    assert (shown == identifier) == (len(identifier) <= 40)


@pytest.mark.parametrize(
    ("changes", "page"),
    [
        ({}, True),
        ({"state": OperationState.FAILED, "subject_id": None}, False),
        ({"state": OperationState.ROLLED_BACK}, False),
        ({"state": OperationState.CANCELLED, "subject_id": None}, False),
        ({"state": OperationState.RUNNING, "subject_id": None}, False),
        ({"state": OperationState.FAILED, "kind": InstanceAction.STOP}, True),
    ],
)
def test_a_machine_that_never_was_has_no_page(changes: dict[str, object], page: bool) -> None:
    assert has_page(operation(**changes)) is page


def test_a_page_says_what_failed_and_why_first() -> None:
    failed = operation(
        kind=InstanceAction.STOP,
        state=OperationState.FAILED,
        error="denied",
        error_class="PermissionDenied",
    )
    text = subject_text(failed, None, run_name="stop web-1", run_url="http://ui")
    assert text.splitlines()[2].startswith("**stop: failed**")
    assert text.splitlines()[4] == "**PermissionDenied**: denied"


def test_charts_stand_before_the_list_of_what_is_not_fresh() -> None:
    counts = dict.fromkeys(("fresh", "stale", "failed", "added", "changed", "gone"), 0)
    stale = [scope("b", ScopeState.STALE, "denied")]
    refused = AuthenticationFailed("expired")
    problems = account_problems({}, {CredentialKey("default", "gcp", "gcp"): refused})
    text = sync_text("default", stale, problems, counts, ["", "![chart](data:)"])
    assert text.index("expired") < text.index("![chart]") < text.index("## Not fresh")
