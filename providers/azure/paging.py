"""One page of things as Azure has them, and what makes resources of them."""

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
    """`to_resource` makes a resource of one of the `things`."""

    things: Sequence[Document]
    to_resource: Callable[[Document], Resource]


def unreadable(thing: Document, error: UnexpectedAnswer) -> Page:
    """Return a page of a thing whose parts cannot be read: the list names it with the reason."""

    def refuse(_: Document) -> Resource:
        raise error

    return Page([thing], refuse)
