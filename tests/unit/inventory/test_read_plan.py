"""A sync settles every scope that it was asked for: read, or said why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from skyclust.errors import AuthenticationFailed, InvalidRequest, PermissionDenied
from skyclust.inventory.read_plan import (
    Read,
    Regions,
    Unread,
    covered_scopes,
    plan_reads,
    refuse_unknown_regions,
    unread_scopes,
)
from skyclust.model.credential_key import CredentialKey
from skyclust.model.request import SyncRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState

STARTED = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = STARTED - timedelta(hours=1)
AFTER = STARTED + timedelta(seconds=5)
AWS = CredentialKey("default", "aws", "aws")
OLD = CredentialKey("default", "old", "aws")
KINDS = [ResourceKind.INSTANCE, ResourceKind.DISK]


def scope(region: str, kind: ResourceKind, attempted_at: datetime | None = BEFORE) -> Scope:
    return Scope(
        workspace_id="default",
        key=ScopeKey(credential="aws", region=region, kind=kind),
        provider="aws",
        state=ScopeState.FRESH,
        attempted_at=attempted_at,
    )


def settle(
    planned: list[Read],
    failures: Mapping[Read, BaseException],
    regions: Regions,
    known: Mapping[CredentialKey, list[Scope]],
    request: SyncRequest,
) -> list[Unread]:
    return unread_scopes(
        planned, failures, regions=regions, known=known, request=request, started=STARTED
    )


def test_all_regions_and_all_kinds_are_read_when_none_are_named() -> None:
    planned = plan_reads(AWS, ["a", "b"], KINDS, SyncRequest(), whole_account=False)
    both = (ResourceKind.INSTANCE, ResourceKind.DISK)
    assert planned == [Read(AWS, ("a",), both), Read(AWS, ("b",), both)]
    assert [str(read) for read in planned] == ["aws a", "aws b"]


def test_named_regions_are_read_where_an_account_has_them() -> None:
    request = SyncRequest(regions=("b",), kinds=(ResourceKind.DISK,))
    assert plan_reads(AWS, ["a"], KINDS, request, whole_account=False) == []
    planned = plan_reads(OLD, ["a", "b"], KINDS, request, whole_account=False)
    assert planned == [Read(OLD, ("b",), (ResourceKind.DISK,))]


def test_an_account_is_listed_as_a_whole_for_more_than_one_region() -> None:
    whole = plan_reads(AWS, ["a", "b"], KINDS, SyncRequest(), whole_account=True)
    assert whole == [Read(AWS, ("a", "b"), tuple(KINDS))]
    assert (str(whole[0]), whole[0].scopes) == ("aws (2 regions)", 4)
    one = plan_reads(AWS, ["a", "b"], KINDS, SyncRequest(regions=("b",)), whole_account=True)
    assert one == [Read(AWS, ("b",), tuple(KINDS))]


def test_a_region_that_nobody_has_is_refused_once_all_have_told_theirs() -> None:
    request = SyncRequest(regions=("a", "z"))
    with pytest.raises(InvalidRequest, match="'z'"):
        refuse_unknown_regions({AWS: ["a"]}, request)
    refuse_unknown_regions({AWS: ["a"], OLD: AuthenticationFailed("expired")}, request)
    refuse_unknown_regions({AWS: ["a"], OLD: ["z"]}, request)


def test_an_account_that_tells_nothing_leaves_what_it_knew_unread() -> None:
    error = AuthenticationFailed("expired")
    known = {AWS: [scope("a", ResourceKind.DISK), scope("b", ResourceKind.DISK)]}
    missing = settle([], {}, {AWS: error}, known, SyncRequest())
    assert [(one.region, one.error) for one in missing] == [("a", error), ("b", error)]


def test_a_region_that_was_closed_leaves_what_was_there_unread() -> None:
    known = {AWS: [scope("closed", ResourceKind.DISK)]}
    missing = settle([], {}, {AWS: ["a"]}, known, SyncRequest())
    assert [one.region for one in missing] == ["closed"]
    assert "no longer open to aws" in str(missing[0].error)


def test_what_was_not_asked_for_is_not_touched() -> None:
    known = {AWS: [scope("a", ResourceKind.DISK), scope("b", ResourceKind.INSTANCE)]}
    request = SyncRequest(regions=("b",), kinds=(ResourceKind.DISK,))
    error = AuthenticationFailed("expired")
    assert settle([], {}, {AWS: error}, known, request) == []


def test_a_read_that_broke_off_leaves_the_rest_of_its_kinds_unread() -> None:
    planned = [Read(AWS, ("a",), (ResourceKind.INSTANCE, ResourceKind.DISK))]
    known = {AWS: [scope("a", ResourceKind.INSTANCE, AFTER), scope("a", ResourceKind.DISK, BEFORE)]}
    failures = {planned[0]: RuntimeError("no memory")}
    missing = settle(planned, failures, {AWS: ["a"]}, known, SyncRequest())
    assert [one.kind for one in missing] == [ResourceKind.DISK]
    assert "RuntimeError: no memory" in str(missing[0].error)


def test_a_failure_that_the_read_has_written_itself_is_not_written_again() -> None:
    planned = [Read(AWS, ("a",), (ResourceKind.DISK,))]
    known = {AWS: [scope("a", ResourceKind.DISK, AFTER)]}
    failures = {planned[0]: PermissionDenied("no")}
    assert settle(planned, failures, {AWS: ["a"]}, known, SyncRequest()) == []


def test_only_what_the_sync_was_to_settle_is_reported() -> None:
    known = [scope("a", ResourceKind.DISK), scope("elsewhere", ResourceKind.DISK)]
    planned = [Read(AWS, ("a",), (ResourceKind.DISK,))]
    assert covered_scopes(planned, [], known, AWS) == known[:1]
    assert covered_scopes(planned, [], known, OLD) == []
