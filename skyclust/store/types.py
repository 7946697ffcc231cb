"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, ColumnElement, DateTime, Numeric, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from skyclust.errors import InvalidRequest
from skyclust.store.decimals import PRECISION, SCALE, from_sortable, to_exact, to_sortable

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler

_ARITHMETIC: Final = frozenset(
    {
        operator.add,
        operator.sub,
        operator.mul,
        operator.truediv,
        operator.floordiv,
        operator.mod,
        operator.neg,
    }
)


def require_aware(time: datetime, name: str) -> datetime:
    """Return a time in UTC; raises InvalidRequest when it carries no timezone.

    `name` is what the caller calls the time, for the error.
    """
    if time.tzinfo is None or time.utcoffset() is None:
        raise InvalidRequest(
            f"{name} {time.isoformat()} has no timezone.",
            hint="Give it with an offset, for example 2026-01-31T12:00:00Z.",
        )
    return time.astimezone(UTC)


def now() -> datetime:
    """Return the current time in UTC, with microseconds, as every row keeps it."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC with microseconds: aware on the way in and on the way out.

    PostgreSQL keeps `timestamp with time zone`. SQLite has no such type: it keeps text of
    fixed width in UTC, whose order is the order of time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as the driver takes it; raises InvalidRequest for a naive time."""
        if value is None:
            return None
        time = require_aware(value, "The time")
        return time.replace(tzinfo=None) if dialect.name == "sqlite" else time

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def jsonb() -> Any:
    """Return PostgreSQL's type `jsonb`, loading SQLAlchemy's PostgreSQL dialect only now."""
    from sqlalchemy.dialects.postgresql import JSONB  # noqa: PLC0415  # SQLite does without it

    return JSONB(none_as_null=True)


class JsonDocument(TypeDecorator[Any]):
    """A JSON value: `jsonb` on PostgreSQL, text on SQLite. None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column on an engine."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(self.impl_instance)
        return dialect.type_descriptor(jsonb())

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Return the type of the other operand, as JSON itself decides it."""
        return self.impl_instance.coerce_compared_value(op, value)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal number, kept exactly: up to 26 digits before the point and 12 behind it.

    PostgreSQL keeps `numeric(38, 12)`, SQLite a text that sorts as the numbers do
    (`skyclust.store.decimals`). Values are `Decimal` or int, never float, and come back with 12
    digits behind the point. A value that would have to be rounded is refused.

    The same on both engines: `=`, `<`, `>`, BETWEEN, IN, ORDER BY, GROUP BY, DISTINCT, indexes,
    `func.min`, `func.max`, and `exact_sum`. Arithmetic within SQL is not: it raises TypeError here,
    so that it is done in Python, where it is exact. `func.sum` and `func.avg` must not be used:
    SQLite would add the texts as floating-point numbers, and returns 0.0.
    """

    impl = Numeric(PRECISION, SCALE)
    cache_ok = True

    class Comparator(TypeDecorator.Comparator[Decimal]):
        """Refuses the operators that only PostgreSQL would compute."""

        def operate(self, op: Any, *other: Any, **options: Any) -> Any:
            """Return a condition; raises TypeError for arithmetic."""
            self._refuse_arithmetic(op)
            return super().operate(op, *other, **options)

        def reverse_operate(self, op: Any, other: Any, **options: Any) -> Any:
            """Return a condition whose first operand is a value; raises TypeError as `operate`."""
            self._refuse_arithmetic(op)
            return super().reverse_operate(op, other, **options)

        @staticmethod
        def _refuse_arithmetic(op: Any) -> None:
            if op in _ARITHMETIC:
                raise TypeError("SQLite cannot compute with exact decimals: compute in Python.")

    comparator_factory = Comparator

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the column on an engine."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else self.impl_instance)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the value as the driver takes it; raises as `to_exact`."""
        if value is None:
            return None
        exact = to_exact(value)
        return to_sortable(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Return the stored number."""
        if value is None:
            return None
        return from_sortable(value) if dialect.name == "sqlite" else Decimal(value)


class exact_sum(FunctionElement[Decimal]):  # noqa: N801  # as SQLAlchemy names functions
    """The sum of a column of exact decimals: exact on both engines, NULL for no rows.

    To be used in place of `func.sum`, also with GROUP BY, HAVING and ORDER BY. A sum may have
    more than 26 digits before the point, which no column holds: SQLite orders such ones wrongly.
    """

    name = "exact_sum"
    type = ExactDecimal()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(exact_sum)
def _sum_of_numeric(element: exact_sum, compiler: SQLCompiler, **options: Any) -> str:
    return f"sum({compiler.process(element.clauses, **options)})"


@compiles(exact_sum, "sqlite")
def _sum_of_texts(element: exact_sum, compiler: SQLCompiler, **options: Any) -> str:
    return f"exact_sum({compiler.process(element.clauses, **options)})"
