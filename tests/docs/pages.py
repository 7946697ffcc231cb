"""The documentation as text: its pages, links, headings and commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT, files, relative

DOCS: Final = ROOT / "docs"


def pages() -> list[Path]:
    """Return every Markdown file of the project."""
    return list(files(".md"))


@dataclass(frozen=True)
class Link:
    """A link of a page to another file or heading of the project."""

    page: Path
    target: str

    @property
    def file(self) -> Path:
        """Return the file that is meant."""
        path = self.target.partition("#")[0]
        return (self.page.parent / path).resolve() if path else self.page

    @property
    def anchor(self) -> str:
        """Return the heading that is meant, or ""."""
        return self.target.partition("#")[2]

    def __str__(self) -> str:
        return f"{relative(self.page)} -> {self.target}"


def without_code(text: str) -> str:
    """Return the text without its fenced blocks and code spans."""
    return re.sub(
        r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    )


def links() -> list[Link]:
    """Return every link and picture within the project."""
    return [
        Link(page, target)
        for page in pages()
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text()))
        if not target.startswith(("https://", "http://", "mailto:"))
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def command_lines() -> Iterator[tuple[Path, list[str]]]:
    """Yield each command that a `sh` block, or a `$` in a `console` block, shows, as words."""
    for page in pages():
        text = page.read_text()
        blocks = re.findall(r"^ *```(sh|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        for kind, block in blocks:
            for line in block.replace("\\\n", " ").splitlines():
                typed = line.strip()
                if kind == "console":
                    if not typed.startswith("$ "):
                        continue
                    typed = typed.removeprefix("$ ")
                if typed and not typed.startswith("#"):
                    yield page, shlex.split(typed, comments=True)


def section(page: Path, heading: str) -> str:
    """Return the text under a heading of the second or third level, or ""."""
    found = re.search(
        rf"^(##+) {re.escape(heading)}\n(.*?)(?=^##|\Z)", page.read_text(), re.DOTALL | re.MULTILINE
    )
    return found[2] if found else ""


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    cells = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells
    )
