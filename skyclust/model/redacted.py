"""Removal of secrets from the records of a cloud's replies."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from skyclust.redaction import redact_document, redact_known

Record = TypeVar("Record", bound=BaseModel)


def without_secrets(record: Record) -> Record:
    """Return a record in which the registered secrets are masked; itself when it has none.

    A hostile or careless endpoint may repeat the token of the request in a name, a tag or an
    attribute, and from there it would reach the store, tables and events.
    """
    text = record.model_dump_json()
    if redact_known(text) == text:
        return record
    return type(record).model_validate(redact_document(record.model_dump(mode="json")))
