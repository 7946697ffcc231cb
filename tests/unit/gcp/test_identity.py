"""The permissions of the documented role, and the principal of credentials."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from providers.gcp.identity import NEEDED_PERMISSIONS, principal
from providers.gcp.image_families import FAMILIES

GUIDE = Path(__file__).parents[3] / "docs" / "providers" / "gcp.md"


def test_the_documented_role_has_exactly_the_needed_permissions() -> None:
    [block] = re.findall(r"```yaml title=\"role\.yaml\"\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    role = yaml.safe_load(block)
    assert role["includedPermissions"] == list(NEEDED_PERMISSIONS)
    assert role["stage"] == "GA"


def test_needed_permissions_are_sorted_and_unique() -> None:
    assert list(NEEDED_PERMISSIONS) == sorted(set(NEEDED_PERMISSIONS))


def test_the_page_names_every_distribution_that_has_a_family() -> None:
    text = GUIDE.read_text()
    assert [n for n in FAMILIES if f"`{n.rpartition('-')[0]}-" not in text] == []


@pytest.mark.parametrize(
    ("credentials", "shown"),
    [
        (SimpleNamespace(service_account_email="a@b"), "a@b"),
        (SimpleNamespace(service_account_email=None, account="ada@example.com"), "ada@example.com"),
        (SimpleNamespace(_audience="//iam.googleapis.com/pool"), "//iam.googleapis.com/pool"),
        (SimpleNamespace(), "SimpleNamespace"),
    ],
)
def test_the_principal_is_read_from_the_credentials(credentials: object, shown: str) -> None:
    assert principal(credentials) == shown
