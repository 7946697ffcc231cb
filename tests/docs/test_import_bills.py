"""The page about imports names the columns that the import requires."""

from __future__ import annotations

import re
from typing import Final

import pytest

from skyclust.costs.focus.model import VERSIONS, allowed_values, mandatory_columns
from skyclust.costs.focus.providers import COUNTERPARTS
from skyclust.costs.focus.required_values import NEVER_NULL
from skyclust.costs.ledger.staged_rows import REQUIRED
from tests.house.tree import ROOT

TEXT: Final = (ROOT / "docs/how-to/import-bills.md").read_text()
ROWS: Final = [
    frozenset(re.findall(r"`(\w+)`", row))
    for row in TEXT.partition("## What a file needs")[2].partition("\n## ")[0].splitlines()
    if row.startswith("| `")
]


def test_the_columns_with_a_value_in_every_row() -> None:
    assert ROWS[0] == {*NEVER_NULL, *REQUIRED}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_columns_that_every_file_of_a_version_has(version: str) -> None:
    named = ROWS[0] | ROWS[1] | (mandatory_columns(version) & ROWS[2])
    assert named == mandatory_columns(version)
    assert ROWS[2] == COUNTERPARTS.keys()


def test_the_charge_categories() -> None:
    for category in allowed_values("ChargeCategory"):
        assert f"`{category}`" in TEXT
