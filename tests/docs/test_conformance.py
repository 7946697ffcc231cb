"""The reference of the conformance suite names all that is public in it, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skyclust import conformance
from skyclust.conformance import Failure

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "conformance.md").read_text()


def test_every_public_name_is_explained() -> None:
    assert [name for name in conformance.__all__ if f"`{name}`" not in PAGE] == []


def test_every_failure_is_explained() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)) == {f.name for f in Failure}


@pytest.mark.parametrize(
    "harness", [name for name in conformance.__all__ if name.endswith("Harness")]
)
def test_every_member_of_a_harness_is_explained(harness: str) -> None:
    [line] = re.findall(rf"^- `{harness}`: (.*)$", PAGE, re.MULTILINE)
    explained = {name.partition("(")[0] for name in re.findall(r"`([a-z_]+(?:\(.*?\))?)`", line)}
    protocol = getattr(conformance, harness)
    assert explained == {name for name in vars(protocol) if not name.startswith("_")}
