"""Saving a price book: a text is validated, then kept as the next version."""

from __future__ import annotations

from skyclust.costs.price_books.book import BookVersion, read_price_book
from skyclust.store import price_books
from skyclust.store.engine import Store


def save_price_book(
    store: Store, workspace_id: str, text: str, *, saved_by: str
) -> tuple[BookVersion, bool]:
    """Save the price book of a YAML text; return the version that holds and whether it is new.

    Raises InvalidRequest for a text that is no price book, with nothing saved.
    """
    book = read_price_book(text)
    record, new = store.write(
        lambda connection: price_books.save(
            connection, workspace_id, book.name, text, saved_by=saved_by
        )
    )
    return BookVersion(book, record.version), new


def load_price_book(
    store: Store, workspace_id: str, name: str, version: int | None = None
) -> BookVersion:
    """Return the version of a price book that holds, or one by number; raises NotFound."""
    with store.reading() as connection:
        record = price_books.get(connection, workspace_id, name, version)
    return BookVersion(read_price_book(record.content), record.version)


def load_price_books(store: Store, workspace_id: str) -> list[BookVersion]:
    """Return every price book that holds, by name."""
    with store.reading() as connection:
        records = price_books.list_all(connection, workspace_id)
    return [BookVersion(read_price_book(one.content), one.version) for one in records]
