"""Partial responses: the query parameter `fields`.

See https://cloud.google.com/compute/docs/api/how-tos/performance#partial-response.
"""

from __future__ import annotations

import re
from typing import Any, Final

from skyclust_sandbox.gcp.responses import Resource, invalid

_TOKEN: Final = re.compile(r"[(),/]|[^(),/\s]+")

_Tree = dict[str, Any]
"""The selected fields, each with the tree of its selected subfields; empty for all of them."""


def select_fields(content: Resource, text: str) -> Resource:
    """Return the fields of a response that `text` selects; an empty text selects all.

    Raises Refused for an invalid selection.
    """
    if not text.strip():
        return content
    tokens = _TOKEN.findall(text)
    tree = _parse_selection(tokens, text)
    if tokens:
        raise invalid("fields", text, "Invalid field selection.")
    selected: Resource = _select(content, tree)
    return selected


def _parse_selection(tokens: list[str], text: str) -> _Tree:
    """Take a list of selections from the tokens, up to a closing parenthesis or the end."""
    tree: _Tree = {}
    while True:
        if not tokens or tokens[0] in "(),/":
            raise invalid("fields", text, "Invalid field selection.")
        subtree = tree.setdefault(tokens.pop(0), {})
        while tokens and tokens[0] == "/":
            tokens.pop(0)
            if not tokens:
                raise invalid("fields", text, "Invalid field selection.")
            subtree = subtree.setdefault(tokens.pop(0), {})
        if tokens and tokens[0] == "(":
            tokens.pop(0)
            subtree.update(_parse_selection(tokens, text))
            if not tokens or tokens.pop(0) != ")":
                raise invalid("fields", text, "Invalid field selection.")
        if not tokens or tokens[0] != ",":
            return tree
        tokens.pop(0)


def _select(content: Any, tree: _Tree) -> Any:
    if not tree:
        return content
    if isinstance(content, list):
        return [_select(item, tree) for item in content]
    if not isinstance(content, dict):
        return content
    if "*" in tree:
        return {name: _select(value, tree["*"]) for name, value in content.items()}
    return {name: _select(content[name], below) for name, below in tree.items() if name in content}
