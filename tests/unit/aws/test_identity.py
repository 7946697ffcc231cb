"""Missing permissions, and the documented policy."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from providers.aws.identity import COST_PERMISSIONS, NEEDED_PERMISSIONS, to_missing

GUIDE = Path(__file__).parents[3] / "docs" / "providers" / "aws.md"


@pytest.mark.parametrize(
    ("allowed", "missing"),
    [
        ({"a": True, "b": True}, ()),
        ({"b": False, "c": True, "a": False}, ("a", "b")),
        ({"a": False, "b": None}, ("a",)),
        ({"a": True, "b": None}, None),
    ],
)
def test_unknown_permissions_do_not_count_as_granted(
    allowed: dict[str, bool | None], missing: tuple[str, ...] | None
) -> None:
    assert to_missing(allowed) == missing


def test_the_documented_policy_has_exactly_the_required_permissions() -> None:
    [block] = re.findall(r"```json title=\"policy\.json\"\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    policy: dict[str, Any] = json.loads(block)
    allowed = {a for s in policy["Statement"] if s["Effect"] == "Allow" for a in s["Action"]}
    to_verify = {"iam:GetRole", "iam:SimulatePrincipalPolicy"}
    # Not needed by an account whose bill is imported, or read by another credential.
    to_advise = {"cloudwatch:GetMetricData", "pricing:GetProducts"}
    assert allowed == {*NEEDED_PERMISSIONS} | to_verify | {*COST_PERMISSIONS} | to_advise
    assert policy["Version"] == "2012-10-17"
