"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from skyclust.errors import InvalidRequest

if TYPE_CHECKING:
    from sqlalchemy import Dialect


def require_aware(moment: datetime, name: str) -> datetime:
    """Return the moment in UTC; raises InvalidRequest when it carries no timezone.

    `name` is what the caller calls the moment, for the error.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InvalidRequest(
            f"{name} {moment.isoformat()} has no timezone.",
            hint="Give it with an offset, for example 2026-01-31T12:00:00Z.",
        )
    return moment.astimezone(UTC)


def now() -> datetime:
    """Return the present moment in UTC, with microseconds, as every row keeps it."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC with microseconds: aware on the way in and on the way out.

    PostgreSQL keeps `timestamp with time zone`. SQLite has no such type: it keeps text of
    fixed width in UTC, whose order is the order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as the driver wants it; raises InvalidRequest for a naive one."""
        if value is None:
            return None
        moment = require_aware(value, "The time")
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def json_document() -> TypeEngine[Any]:
    """Return the column type of a JSON value: `jsonb` on PostgreSQL, text on SQLite."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
