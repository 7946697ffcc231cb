"""The documentation as a site: `make site` builds it with Sphinx, from the Markdown as it is.

The pages are written for the reader of the files: they have links and headings, and no directive
of Sphinx. The navigation is read from the two index pages.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

project = "SkyClust"
author = "The SkyClust authors"
extensions = ["myst_parser"]
root_doc = "docs/index"
# The source folder is that of the project, so that links from docs/ to SECURITY.md hold.
include_patterns = ["docs/**.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".venv", "build", "dist", "node_modules"]

myst_heading_anchors = 4  # links lead to headings by the anchors that GitHub makes

html_theme = "furo"
html_title = "SkyClust"
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_show_copyright = False
nitpicky = True
smartquotes = False  # commands and code stay as they are typed

_TEXTS = {".html", ".css", ".svg"}
_INDEXES = {"docs/index", "docs/decisions/index"}
_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_ENTRY = re.compile(r"^- \[[^\]]+\]\((?P<page>[^)#\s]+)\.md\)", re.MULTILINE)
# What a browser loads by itself: scripts, styles, fonts and pictures, but no plain link.
_FOREIGN = re.compile(
    r"""<(?:script|link|img|iframe|source|image|use)\b[^>]*\s(?:xlink:)?(?:src|href)=["']?(?:https?:)?//"""
    r"""|@import\s+["'(]|url\(\s*["']?(?:https?:)?//"""
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Let the index pages make the navigation; returns what Sphinx wants of an extension."""
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _lead_to_the_first_page)
    app.connect("build-finished", _refuse_foreign_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _add_navigation(_app: Sphinx, document: str, source: list[str]) -> None:
    """Add to an index page a hidden table of contents of each section with a list of pages."""
    if document in _INDEXES:
        text = source[0]
        sections = [(one["title"], one["body"]) for one in _SECTION.finditer(text)] or [("", text)]
        source[0] = text + "".join(_contents(title, body) for title, body in sections)


def _contents(title: str, body: str) -> str:
    pages = [one["page"] for one in _ENTRY.finditer(body)]
    if not pages:
        return ""
    options = [":hidden:", *([f":caption: {title}"] if title else [])]
    return "\n".join(["", "", "```{toctree}", *options, "", *pages, "```"])


def _lead_to_the_first_page(app: Sphinx, failure: Exception | None) -> None:
    """Write the page that opens when somebody opens the folder of the site."""
    if failure is None and app.builder.name == "html":
        first = f"{app.config.root_doc}.html"
        Path(app.outdir, "index.html").write_text(
            f'<!doctype html>\n<html lang="en">\n<title>{app.config.project}</title>\n'
            f'<meta http-equiv="refresh" content="0; url={first}">\n'
            f'<a href="{first}">{app.config.project}</a>\n</html>\n'
        )


def _refuse_foreign_files(app: Sphinx, failure: Exception | None) -> None:
    """Raise an ExtensionError when a browser would load something from another server."""
    if failure is None:
        pages = [one for one in Path(app.outdir).rglob("*") if one.suffix in _TEXTS]
        foreign = [str(one) for one in pages if _FOREIGN.search(one.read_text(errors="replace"))]
        if foreign:
            raise ExtensionError(f"loads files of other servers: {', '.join(sorted(foreign))}")
