"""Golden pictures: what the main lists look like at 80, 100 and 160 columns.

Each picture is a file in `pictures`. After a change that is meant, renew and look at them:

    SKYCLUST_RENEW_PICTURES=1 python -m pytest tests/unit/cli/test_pictures.py
    git diff tests/unit/cli/pictures
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from skyclust.cli import audit, credential, instance, inventory, inventory_scopes, operation
from skyclust.cli.cells import width_of
from skyclust.cli.columns import Column, list_columns
from skyclust.cli.list_options import ListOptions
from skyclust.cli.output import show_list
from skyclust.cli.scope_groups import GROUP_COLUMNS, group_scopes
from tests.unit.cli import pictured_rows

PICTURES: Final = Path(__file__).parent / "pictures"
WIDTHS: Final = (80, 100, 160)

LISTS: Final[dict[str, tuple[Callable[[], list[dict[str, Any]]], Sequence[Column]]]] = {
    "resources": (pictured_rows.resources, inventory.COLUMNS),
    "instances": (pictured_rows.instances, instance.COLUMNS),
    "operations": (pictured_rows.operations, operation.COLUMNS),
    "each scope": (pictured_rows.each_scope, inventory_scopes.SCOPE_COLUMNS),
    "scopes": (lambda: group_scopes(pictured_rows.scopes()).rows, GROUP_COLUMNS),
    "no credentials": (list, list_columns(*credential.COLUMNS)),
    "audit trail": (
        lambda: [
            {
                "sequence": 7,
                "at": pictured_rows.MOMENT,
                "actor": "alice@example.com",
                "action": "operation-journalled",
                "object": "operation/3f2a90b1-c111-5000-8000-000000000001",
                "detail": {"kind": "create", "name": "web-1", "region": "eu-central-1"},
            }
        ],
        audit.COLUMNS,
    ),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_looks_like_its_picture(
    name: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    rows, columns = LISTS[name][0](), LISTS[name][1]

    show_list(rows, columns, ListOptions(offered=True), title=name.capitalize())

    printed = capsys.readouterr()
    table = printed.out.splitlines()
    assert len(table) == (2 + len(rows) if rows else 0), "one line a row"
    assert all(width_of(line) <= width for line in table)
    assert not {"\x1b", "\u202e"} & set(printed.out)
    picture = PICTURES / f"{name.replace(' ', '-')}-{width}.txt"
    drawn = printed.out + printed.err
    if os.environ.get("SKYCLUST_RENEW_PICTURES"):
        picture.write_text(drawn, encoding="utf-8")
    assert drawn == picture.read_text(encoding="utf-8")


def test_no_picture_is_left_over() -> None:
    drawn = {f"{name.replace(' ', '-')}-{width}.txt" for name in LISTS for width in WIDTHS}
    assert {path.name for path in PICTURES.iterdir()} == drawn
