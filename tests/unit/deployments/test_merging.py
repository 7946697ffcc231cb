"""Three-way merge: theirs where they changed it, ours where nobody did."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.three_way_merge import digest, merge, merge_names, pairs

OLD, NEW, THEIRS = "what was applied", "what is declared now", "what somebody made of it"


def _applied(value: Any) -> dict[str, tuple[str, str]]:
    return pairs({"field": value}, {"field": value}, {}, ())


@pytest.mark.parametrize(
    ("applied", "present", "declared", "expected"),
    [
        (OLD, OLD, OLD, "same"),
        (OLD, OLD, NEW, "changed"),
        (OLD, THEIRS, OLD, "kept"),
        (OLD, THEIRS, NEW, "kept"),
        (OLD, NEW, NEW, "same"),
        (OLD, None, OLD, "kept"),
        (None, None, OLD, "changed"),
        (None, None, None, "same"),
        (None, THEIRS, None, "kept"),
        (["a"], ["a"], [], "changed"),
    ],
)
def test_a_field(applied: Any, present: Any, declared: Any, expected: str) -> None:
    result = merge({"field": declared}, {"field": present}, _applied(applied))
    reset = merge({"field": declared}, {"field": present}, _applied(applied), reset=True)

    outcome = "changed" if result.changes else "kept" if result.kept else "same"
    assert outcome == expected
    assert reset.kept == ()
    assert reset.changes == ({} if present == declared else {"field": declared})


@pytest.mark.parametrize(("present", "expected"), [(None, True), ("", True), (THEIRS, False)])
def test_a_field_that_was_never_applied_is_ours_where_it_is_empty(
    present: Any, expected: bool
) -> None:
    result = merge({"field": NEW}, {"field": present}, {})

    assert bool(result.changes) is expected
    assert bool(result.kept) is not expected


def test_a_value_that_the_server_writes_in_its_own_way_is_nobodys_change() -> None:
    applied = pairs(
        {"field": {"cron": "0 7 * * *"}}, {"field": {"cron": "0 7 * * *", "x": 1}}, {}, ()
    )

    present = {"field": {"x": 1, "cron": "0 7 * * *"}}
    declared = {"field": {"cron": "0 7 * * *"}}

    assert merge(declared, present, applied) == merge(declared, present, applied, reset=True)
    assert merge(declared, present, applied).changes == {}
    assert merge({"field": {"cron": "1 1 * * *"}}, present, applied).changes


def test_what_was_kept_is_theirs_the_next_time_too() -> None:
    first = merge({"field": NEW}, {"field": THEIRS}, _applied(OLD))
    after = pairs({"field": NEW}, {"field": THEIRS}, _applied(OLD), first.kept)

    assert after == _applied(OLD)
    assert merge({"field": NEW}, {"field": THEIRS}, after).kept == ("field",)
    assert merge({"field": NEW}, {"field": OLD}, after).changes == {"field": NEW}


@pytest.mark.parametrize(
    ("declared", "present", "applied", "expected"),
    [
        (["a", "b"], ["a", "b", "mine"], ["a", "b"], ["a", "b", "mine"]),
        (["a", "b"], ["a"], ["a", "b"], ["a"]),
        (["a", "c"], ["a", "b", "mine"], ["a", "b"], ["a", "mine", "c"]),
        (["a", "b"], ["mine"], None, ["mine", "a", "b"]),
        ([], ["a"], ["a"], []),
    ],
)
def test_names(
    declared: list[str], present: list[str], applied: list[str] | None, expected: list[str]
) -> None:
    assert merge_names(declared, present, applied) == expected
    assert merge_names(declared, present, applied, reset=True) == declared


def test_sets_have_no_order_and_lists_have_one() -> None:
    assert digest({"a", "b", "c"}) == digest({"c", "b", "a"})
    assert digest(["a", "b"]) != digest(["b", "a"])
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
