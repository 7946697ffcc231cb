"""Which permissions are missing, and that the documented role grants what is needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from providers.azure.identity import NEEDED_PERMISSIONS, to_missing, to_principal

GUIDE = Path(__file__).parents[3] / "docs" / "providers" / "azure.md"
WRITES = {n for n in NEEDED_PERMISSIONS if not n.endswith("/read")}


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ([{"actions": ["*"], "notActions": []}], set()),
        ([{"actions": ["*/read"]}], WRITES),
        ([{"actions": ["*"], "notActions": ["*/write"]}, {"actions": ["*/WRITE"]}], set()),
        (
            [{"actions": ["*"], "notActions": ["Microsoft.Compute/virtualMachines/delete"]}],
            {"Microsoft.Compute/virtualMachines/delete"},
        ),
        ([], set(NEEDED_PERMISSIONS)),
    ],
)
def test_what_no_role_allows_is_missing(roles: list[dict[str, Any]], missing: set[str]) -> None:
    assert set(to_missing(roles)) == missing


def test_the_permissions_are_sorted_and_named_once() -> None:
    assert sorted(set(NEEDED_PERMISSIONS), key=str.lower) == list(NEEDED_PERMISSIONS)


def test_the_documented_role_allows_what_is_needed_and_no_more() -> None:
    [block] = re.findall(r"```json title=\"role\.json\"\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    role: dict[str, Any] = json.loads(block)
    assert set(role["Actions"]) == set(NEEDED_PERMISSIONS)
    assert role["NotActions"] == []
    assert to_missing([{"actions": role["Actions"], "notActions": role["NotActions"]}]) == ()


def test_a_principal_is_read_from_the_claims_of_its_token() -> None:
    claims = {"appid": "a", "oid": "o", "tid": "t"}
    assert to_principal(claims) == "application a (object o) of tenant t"
    assert to_principal({}) == "application unknown (object unknown) of tenant unknown"
