"""Every message that the page of symptoms quotes is one that the code has."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs import pages
from tests.house.tree import PACKAGES, python_files

PAGE = pages.DOCS / "how-to" / "troubleshooting.md"
QUOTES = re.findall(r"^> `(.+)`(?:<br>)?$", PAGE.read_text(), re.MULTILINE)


@cache
def texts() -> str:
    """Return every text of the code, with a line break in the place of each value in it."""
    found: list[str] = []
    for path in python_files(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                values = (
                    one.value if isinstance(one, ast.Constant) else "\n" for one in node.values
                )
                found.append("".join(map(str, values)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


@pytest.mark.parametrize("quote", QUOTES)
def test_quoted_message_is_in_the_code(quote: str) -> None:
    # The punctuation around a value may come with it.
    parts = [part.strip(" ':") for part in quote.split("...")]
    assert max(map(len, parts)) >= 12, "too little to search for"
    assert [part for part in parts if len(part) > 2 and part not in texts()] == []


def test_every_symptom_has_a_cause_and_a_remedy() -> None:
    symptoms = re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert len(symptoms) >= 20
    for symptom in symptoms:
        heading = symptom.partition("\n")[0]
        assert "**Cause.** " in symptom, heading
        assert "**What to do.** " in symptom, heading
        assert "\n> `" in symptom or "**Symptom.** " in symptom, heading
