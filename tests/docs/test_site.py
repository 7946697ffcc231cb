"""The site of the documentation is refused when a reader would miss something in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs import pages
from tests.house.tree import ROOT

INDEX = (
    "# The docs\n\n## How to\n\n- [A page](how-to/page.md), with [a part](how-to/page.md#a-part)\n"
)
PAGE = "# A page\n\n## A part\n\nText. [Back](../index.md#how-to)\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A small documentation without a fault, with the configuration of ours."""
    folder = tmp_path / "docs"
    (folder / "how-to").mkdir(parents=True)
    shutil.copy(pages.DOCS / "conf.py", folder)
    (folder / "index.md").write_text(INDEX)
    (folder / "how-to" / "page.md").write_text(PAGE)
    return folder


def build(docs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-c", str(docs)]
    return subprocess.run(
        [*command, "-W", "--keep-going", str(docs.parent), str(docs.parent / "site")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_site_has_its_navigation_and_its_search(docs: Path) -> None:
    outcome = build(docs)
    assert outcome.returncode == 0, outcome.stderr
    site = docs.parent / "site"
    first = (site / "docs" / "index.html").read_text()
    assert re.search(r'<span class="caption-text">How to</span>', first)
    assert re.search(r'href="how-to/page.html">A page</a>', first)
    assert "docs/index.html" in (site / "index.html").read_text()
    assert "how-to/page" in (site / "searchindex.js").read_text()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("[nowhere](other.md)", "other.md"),
        ("[nowhere](../index.md#no-such-part)", "no-such-part"),
        ("![a picture](../images/none.png)", "none.png"),
        ("![a picture](https://example.com/a.png)", "loads files of other servers"),
    ],
    ids=["page", "anchor", "picture", "foreign picture"],
)
def test_a_fault_is_refused(docs: Path, fault: str, said: str) -> None:
    (docs / "how-to" / "page.md").write_text(f"{PAGE}\n{fault}\n")
    outcome = build(docs)
    assert outcome.returncode != 0
    assert said in outcome.stderr


def test_a_page_that_nothing_leads_to_is_refused(docs: Path) -> None:
    (docs / "how-to" / "lost.md").write_text("# Lost\n")
    outcome = build(docs)
    assert outcome.returncode != 0
    assert "lost.md" in outcome.stderr


def test_the_navigation_has_the_sections_that_readers_look_for() -> None:
    sections = re.findall(r"^## (.+)$", (pages.DOCS / "index.md").read_text(), re.MULTILINE)
    wanted = ["Tutorial", "How to", "Providers", "Reference", "Explanation", "Decisions"]
    assert [one for one in sections if one in wanted] == wanted


def test_check_builds_the_site() -> None:
    assert re.search(r"^ +run .* scripts/site$", (ROOT / "scripts/check").read_text(), re.MULTILINE)
