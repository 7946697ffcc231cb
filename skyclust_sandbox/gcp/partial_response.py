"""Partial replies (https://cloud.google.com/compute/docs/api/how-tos/performance#partial-response)."""

from __future__ import annotations

import re
from typing import Any, Final

from skyclust_sandbox.gcp.responses import Resource, invalid

_TOKEN: Final = re.compile(r"[(),/]|[^(),/\s]+")
_Tree = dict[str, Any]


def select(content: Resource, text: str) -> Resource:
    """Return what `fields` asks for of a content; all of it when nothing is asked for."""
    if not text.strip():
        return content
    tokens = _TOKEN.findall(text)
    tree = _read(tokens, text)
    if tokens:
        raise invalid("fields", text, "Invalid field selection.")
    kept: Resource = _keep(content, tree)
    return kept


def _read(tokens: list[str], text: str) -> _Tree:
    """Read what stands between parentheses."""
    tree: _Tree = {}
    while True:
        if not tokens or tokens[0] in "(),/":
            raise invalid("fields", text, "Invalid field selection.")
        below = tree.setdefault(tokens.pop(0), {})
        while tokens and tokens[0] == "/":
            tokens.pop(0)
            if not tokens:
                raise invalid("fields", text, "Invalid field selection.")
            below = below.setdefault(tokens.pop(0), {})
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            below.update(_read(tokens, text))
            if not tokens or tokens.pop(0) != ")":
                raise invalid("fields", text, "Invalid field selection.")
        if not tokens or tokens[0] != ",":
            return tree
        tokens.pop(0)


def _keep(content: Any, tree: _Tree) -> Any:
    if not tree:
        return content
    if isinstance(content, list):
        return [_keep(one, tree) for one in content]
    if not isinstance(content, dict):
        return content
    if "*" in tree:
        return {name: _keep(value, tree["*"]) for name, value in content.items()}
    return {name: _keep(content[name], below) for name, below in tree.items() if name in content}
