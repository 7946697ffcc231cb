"""Answers of Cost Management's query API: rows by the names of their columns, amounts as Decimal.

Azure's amounts are doubles; each becomes the Decimal of its shortest representation. Columns come
in any order, and more of them than were requested.

Source: https://learn.microsoft.com/en-us/rest/api/cost-management/query/usage
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NoReturn

from skyclust.errors import UnexpectedAnswer
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.error_context import ENDPOINT_HINT

SCALE: Final = Decimal(1).scaleb(-12)
"""Amounts have twelve digits behind the point, as those of the ledger."""

_LARGEST: Final = Decimal(10) ** 20

Row = Mapping[str, Any]


@dataclass(frozen=True)
class CostAnswer:
    """A page of an answer: its rows, and the link to the next page, if there is one."""

    rows: Sequence[Row]
    next_link: str | None


def read_answer(content: bytes, doing: str) -> CostAnswer:
    """Return the page in a response body; `doing` completes "Could not ..." in errors.

    Raises UnexpectedAnswer for a body that is not as documented: without its columns or rows, with
    a row of another length, or with numbers that JSON does not have, such as NaN.
    """
    document = require_object(_parsed(content, doing), doing=doing, provider="azure")
    answer = require_object(document.get("properties"), doing=doing, provider="azure")
    names = _column_names(require_list(answer, "columns", doing=doing, provider="azure"), doing)
    rows: list[Row] = []
    for row in require_list(answer, "rows", doing=doing, provider="azure"):
        if not isinstance(row, list) or len(row) != len(names):
            raise _odd(doing, f"a row does not have the {len(names)} values of the columns")
        rows.append(dict(zip(names, row, strict=True)))
    link = answer.get("nextLink")
    if link is not None and not isinstance(link, str):
        raise _odd(doing, "the link to the next page is not a text")
    return CostAnswer(rows, link or None)


def amount(row: Row, column: str, doing: str) -> Decimal:
    """Return an amount with twelve digits; raises UnexpectedAnswer for any other value."""
    value = _value(row, column, doing)
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(number, Decimal) or abs(number) >= _LARGEST:
        raise _odd(doing, f"the {column} of a row is {str(value)[:40]!r}, which is not an amount")
    return number.quantize(SCALE)


def usage_day(row: Row, doing: str) -> date:
    """Return the day of a row: `UsageDate` is a number such as 20260131."""
    value = _value(row, "UsageDate", doing)
    try:
        text = str(value) if type(value) is int else ""
        return datetime.strptime(f"{text:>8}", "%Y%m%d").date()  # noqa: DTZ007 - a day, without time
    except ValueError:
        raise _odd(doing, f"the UsageDate of a row is {str(value)[:40]!r}") from None


def label(row: Row, column: str, doing: str) -> str:
    """Return the value of a dimension, empty for a charge that has none."""
    value = _value(row, column, doing)
    if value is not None and not isinstance(value, str):
        raise _odd(doing, f"the {column} of a row is {str(value)[:40]!r}, which is not a text")
    return value or ""


def currency(row: Row, doing: str) -> str:
    """Return the currency of a row, in capitals; raises UnexpectedAnswer for a row without it."""
    code = label(row, "Currency", doing).strip().upper()
    if not code:
        raise _odd(doing, "a row has no currency")
    return code


def _value(row: Row, column: str, doing: str) -> Any:
    if column not in row:
        raise _odd(doing, f"there is no column {column}")
    return row[column]


def _parsed(content: bytes, doing: str) -> Any:
    try:
        return json.loads(content, parse_float=_shortest, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise _odd(doing, "the answer is not JSON") from error


def _shortest(text: str) -> Decimal:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return Decimal(repr(number))


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _column_names(columns: Sequence[Any], doing: str) -> list[str]:
    names = [column.get("name") if isinstance(column, dict) else None for column in columns]
    texts = [name for name in names if isinstance(name, str) and name]
    if len(texts) != len(columns) or len(set(texts)) != len(texts):
        raise _odd(doing, "a column has no name of its own")
    return texts


def _odd(doing: str, reason: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"Could not {doing}: {reason}.", hint=ENDPOINT_HINT, provider="azure")
