"""A page of a list: items as Azure returns them, and the function that converts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource

if TYPE_CHECKING:
    from providers.azure.client import Document


@dataclass(frozen=True)
class Page:
    """A page of a list; `to_resource` converts one of its `items`."""

    items: Sequence[Document]
    to_resource: Callable[[Document], Resource]


def unreadable(item: Document, error: UnexpectedAnswer) -> Page:
    """Return a page of an item that cannot be read: its conversion raises the error.

    The reader of the list then reports the item with the error as the reason.
    """

    def refuse(_: Document) -> Resource:
        raise error

    return Page([item], refuse)
