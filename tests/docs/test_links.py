"""Links lead somewhere, and every page can be found."""

from __future__ import annotations

import re

import pytest

from tests.docs import pages
from tests.house.tree import ROOT, files, relative


@pytest.mark.parametrize("link", pages.links(), ids=str)
def test_link_leads_somewhere(link: pages.Link) -> None:
    assert link.file.exists()
    assert link.file.is_relative_to(ROOT)
    if link.anchor and link.file.suffix == ".md":
        assert link.anchor in pages.anchors(link.file)


def test_every_page_of_the_docs_is_in_its_index() -> None:
    index = pages.DOCS / "index.md"
    listed = {link.file for link in pages.links() if link.page == index}
    decisions = pages.DOCS / "decisions"
    listed |= {link.file for link in pages.links() if link.page == decisions / "index.md"}
    missing = [
        relative(page)
        for page in pages.pages()
        if page.is_relative_to(pages.DOCS) and page != index and page not in listed
    ]
    assert not missing


def test_every_picture_is_used() -> None:
    used = {link.file for link in pages.links()}
    assert not [relative(picture) for picture in files(".png", ".svg") if picture not in used]


def test_decisions_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (pages.DOCS / "decisions").glob("0*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_decision_says_what_was_weighed() -> None:
    for path in (pages.DOCS / "decisions").glob("0*.md"):
        headings = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name
